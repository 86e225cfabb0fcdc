using ImageGen.Imaging;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>The colors of everything drawn here.</summary>
internal static class Palette
{
    public static readonly SKColor
        Ink = Sheet.Ink,
        Muted = Sheet.Muted,
        Rule = new(0xe4, 0xe8, 0xec),
        Axis = new(0xb8, 0xc0, 0xc8);

    /// <summary>Series in order: told apart by lightness too, so that those who do not see red and green are served.</summary>
    public static readonly SKColor[] Series =
    [
        new(0x2b, 0x5f, 0xd9), new(0xe8, 0x70, 0x1a), new(0x0f, 0x9b, 0x8e), new(0xc2, 0x3b, 0x82),
        new(0x7a, 0x52, 0xcc), new(0xd4, 0xa0, 0x17), new(0x4a, 0x55, 0x63), new(0x6b, 0xb5, 0xe8),
    ];

    /// <summary>From blue over white at 0 to red.</summary>
    public static readonly SKColor[] Diverging =
    [
        new(0x1f, 0x3f, 0x9e), new(0x4f, 0x83, 0xdb), new(0xb4, 0xcd, 0xf2), new(0xff, 0xff, 0xff),
        new(0xf7, 0xc0, 0xad), new(0xe0, 0x6a, 0x4c), new(0xa3, 0x1f, 0x2b),
    ];

    /// <summary>From dark to bright by equal steps of lightness: Viridis (matplotlib, public domain), nine stops.</summary>
    public static readonly SKColor[] Rising =
    [
        new(0x44, 0x01, 0x54), new(0x47, 0x2d, 0x7b), new(0x3b, 0x52, 0x8b), new(0x2c, 0x72, 0x8e), new(0x21, 0x91, 0x8c),
        new(0x28, 0xae, 0x80), new(0x5e, 0xc9, 0x62), new(0xad, 0xdc, 0x30), new(0xfd, 0xe7, 0x25),
    ];

    /// <summary>The color of a share from 0 to 1 of a scale.</summary>
    public static SKColor At(SKColor[] scale, double share)
    {
        var position = Math.Clamp(share, 0, 1) * (scale.Length - 1);
        var from = Math.Min((int)position, scale.Length - 2);
        var t = position - from;
        byte Mix(byte a, byte b) => (byte)Math.Round(a + (b - a) * t);
        return new SKColor(Mix(scale[from].Red, scale[from + 1].Red), Mix(scale[from].Green, scale[from + 1].Green), Mix(scale[from].Blue, scale[from + 1].Blue));
    }

    public static string Hex(SKColor color) => $"#{color.Red:x2}{color.Green:x2}{color.Blue:x2}";
}

using System.Buffers.Binary;
using ImageGen.Imaging;

namespace ImageGen.Tests;

/// <summary>Looks into PNG files as they come out of a formatter.</summary>
internal static class Png
{
    public static Picture Read(string base64)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.png"], Convert.FromBase64String(base64));
        return Picture.Load(folder["a.png"], maxSide: 10_000);
    }

    /// <summary>Pixels a meter, as the pHYs chunk says; 0 without one.</summary>
    public static int PixelsPerMeter(byte[] png)
    {
        var at = png.AsSpan().IndexOf("pHYs"u8);
        return at < 0 ? 0 : BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at + 4));
    }

    /// <summary>Pixels of just this color.</summary>
    public static int Count(Picture picture, byte r, byte g, byte b) => picture.Rgb.Chunk(3).Count(p => p[0] == r && p[1] == g && p[2] == b);

    /// <summary>Pixels that are not white.</summary>
    public static int Ink(Picture picture) => picture.Width * picture.Height - Count(picture, 255, 255, 255);
}

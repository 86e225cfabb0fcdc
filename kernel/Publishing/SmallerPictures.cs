using SkiaSharp;

namespace ImageGen.Kernel.Publishing;

/// <summary>
/// Makes the photographs and paintings among a notebook's pictures smaller. Their last bits are noise, which no PNG file can
/// pack: 7 bits of red and green and 6 of blue, the color that eyes see least of, save an eighth of the file and more, and no
/// value moves by more than 2 of 255. Charts, drawings and tables keep every bit.
/// </summary>
internal static class SmallerPictures
{
    // A chart with its smooth letters has some hundred colors, a painting of 150 by 150 pixels twenty thousand.
    private const int MostColorsOfADrawing = 4096;

    private const int AfterHeader = 8 + 25; // the signature, and the IHDR chunk, which always comes first

    /// <summary>The smaller file; the same one where nothing is gained, or where there are transparent pixels.</summary>
    /// <param name="png">A PNG file.</param>
    public static byte[] Of(byte[] png)
    {
        using var codec = SKCodec.Create(new SKMemoryStream(png));
        if (codec is null || codec.Info.AlphaType != SKAlphaType.Opaque) return png;
        using var bitmap = SKBitmap.Decode(codec, codec.Info.WithColorType(SKColorType.Rgba8888));
        if (bitmap is null || !IsPainted(bitmap.GetPixelSpan())) return png;

        var rounded = bitmap.GetPixelSpan().ToArray();
        for (var i = 0; i < rounded.Length; i += 4)
            (rounded[i], rounded[i + 1], rounded[i + 2]) = (Round(rounded[i], 127), Round(rounded[i + 1], 127), Round(rounded[i + 2], 63));
        using var pixmap = bitmap.PeekPixels();
        rounded.CopyTo(pixmap.GetPixelSpan<byte>());
        using var packed = pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, 9))!;
        var smaller = WithDensityOf(png, packed.ToArray());
        return smaller.Length < png.Length ? smaller : png;
    }

    // The nearest of so many steps from black to white, both of which stay what they are.
    private static byte Round(byte value, int steps) => (byte)(((value * steps + 127) / 255 * 255 + steps / 2) / steps);

    private static bool IsPainted(ReadOnlySpan<byte> rgba)
    {
        var colors = new HashSet<int>();
        for (var i = 0; i < rgba.Length && colors.Count <= MostColorsOfADrawing; i += 4)
            colors.Add(rgba[i] << 16 | rgba[i + 1] << 8 | rgba[i + 2]);
        return colors.Count > MostColorsOfADrawing;
    }

    // What says that a chart is drawn for a fine screen stands behind the header, and Skia does not hand it on.
    private static byte[] WithDensityOf(byte[] original, byte[] png) =>
        original.AsSpan(AfterHeader + 4, 4).SequenceEqual("pHYs"u8)
            ? [.. png.AsSpan(0, AfterHeader), .. original.AsSpan(AfterHeader, 4 + 4 + 9 + 4), .. png.AsSpan(AfterHeader)]
            : png;
}

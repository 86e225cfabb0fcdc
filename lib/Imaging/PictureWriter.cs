using System.Runtime.InteropServices;
using ImageGen.Runtime;
using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>Encodes pictures and puts them on the disk.</summary>
internal static class PictureWriter
{
    private const int JpegQuality = 92, WebpQuality = 90;

    public static byte[] ToPng(Picture picture) => Encode(picture, SKEncodedImageFormat.Png, 100);

    /// <summary>A PNG file of flat colors and lines, which compress better without PNG's filters: a quarter less.</summary>
    public static byte[] ToPngOfDrawing(Picture picture)
    {
        using var bitmap = ToBitmap(picture);
        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.None, 6))!;
        return data.ToArray();
    }

    public static void Write(Picture picture, string path)
    {
        var bytes = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => ToPng(picture),
            ".jpg" or ".jpeg" => Encode(picture, SKEncodedImageFormat.Jpeg, JpegQuality),
            ".webp" => Encode(picture, SKEncodedImageFormat.Webp, WebpQuality),
            var ending => throw new CourseException($"'{path}' cannot be saved: a picture's name must end in .png, .jpg or .webp, not '{ending}'."),
        };
        var whole = Path.GetFullPath(path);
        var part = whole + ".part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
            File.WriteAllBytes(part, bytes);
            File.Move(part, whole, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(part)) File.Delete(part);
            throw new CourseException($"'{path}' cannot be written ({error.Message.TrimEnd('.')}): choose another folder or free some space.", error);
        }
    }

    /// <summary>The picture as a Skia bitmap, to draw with.</summary>
    public static SKBitmap ToBitmap(Picture picture)
    {
        var rgba = new byte[picture.Width * picture.Height * 4];
        for (int from = 0, to = 0; to < rgba.Length; from += 3, to += 4)
            (rgba[to], rgba[to + 1], rgba[to + 2], rgba[to + 3]) = (picture.Rgb[from], picture.Rgb[from + 1], picture.Rgb[from + 2], 255);
        var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        return bitmap;
    }

    private static byte[] Encode(Picture picture, SKEncodedImageFormat format, int quality)
    {
        using var bitmap = ToBitmap(picture);
        using var data = bitmap.Encode(format, quality)
            ?? throw new CourseException($"A picture of {picture.Width}×{picture.Height} pixels is too large for {format}: make it smaller with FitWithin.");
        return data.ToArray();
    }
}

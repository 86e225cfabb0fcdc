using System.Runtime.InteropServices;
using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>Draws with Skia onto a white picture.</summary>
internal static class Canvas
{
    public static Picture Paint(int width, int height, Action<SKCanvas> draw)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            draw(canvas);
        }
        return ToPicture(bitmap);
    }

    /// <summary>The colors of an opaque RGBA bitmap.</summary>
    public static Picture ToPicture(SKBitmap bitmap)
    {
        var rgba = new byte[bitmap.Width * bitmap.Height * 4];
        Marshal.Copy(bitmap.GetPixels(), rgba, 0, rgba.Length);
        var rgb = new byte[bitmap.Width * bitmap.Height * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
        return new Picture(bitmap.Width, bitmap.Height, rgb);
    }
}

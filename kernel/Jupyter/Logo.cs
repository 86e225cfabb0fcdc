using SkiaSharp;

namespace ImageGen.Kernel.Jupyter;

/// <summary>The kernel's logo: a picture frame in which noise turns into a hill under a sun, and a sharp sign.</summary>
internal static class Logo
{
    private const float Size = 64;

    /// <summary>Draws the logo into a PNG file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pixels">Width and height.</param>
    public static void Write(string path, int pixels)
    {
        using var surface = SKSurface.Create(new SKImageInfo(pixels, pixels, SKColorType.Rgba8888, SKAlphaType.Premul));
        var canvas = surface.Canvas;
        canvas.Scale(pixels / Size);
        Draw(canvas);
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        using var file = File.Create(path);
        png.SaveTo(file);
    }

    private static void Draw(SKCanvas canvas)
    {
        using var paint = new SKPaint { IsAntialias = true };
        using var frame = new SKRoundRect(new SKRect(2, 2, 62, 62), 13);
        canvas.ClipRoundRect(frame, antialias: true);

        using (var sky = SKShader.CreateLinearGradient(new SKPoint(0, 0), new SKPoint(0, 64), 
            [new SKColor(0xFF3B1F8F), new SKColor(0xFFE0567A), new SKColor(0xFFFFB35C)], [0, 0.55f, 0.8f], SKShaderTileMode.Clamp))
        {
            paint.Shader = sky;
            canvas.DrawRect(0, 0, Size, Size, paint);
            paint.Shader = null;
        }
        paint.Color = new SKColor(0xFFFFE9A8);
        canvas.DrawCircle(44, 33, 8, paint);

        Hill(canvas, paint, new SKColor(0xFF5A2E86), 48, 34, 52);
        Hill(canvas, paint, new SKColor(0xFF2B1758), 56, 62, 44);
        Noise(canvas, paint);
        Sharp(canvas, paint);
    }

    private static void Hill(SKCanvas canvas, SKPaint paint, SKColor color, float left, float top, float right)
    {
        using var line = new SKPath();
        line.MoveTo(0, left);
        line.CubicTo(20, top - 12, 38, top + 12, Size, right);
        line.LineTo(Size, Size);
        line.LineTo(0, Size);
        line.Close();
        paint.Color = color;
        canvas.DrawPath(line, paint);
    }

    // Grains at the left that thin out toward the picture.
    private static void Noise(SKCanvas canvas, SKPaint paint)
    {
        const int Grain = 4;
        var random = new Random(7);
        for (var x = 0; x < 28; x += Grain)
            for (var y = 0; y < Size; y += Grain)
            {
                if (random.NextDouble() > 0.95 - x / 30.0) continue;
                var gray = (byte)random.Next(40, 250);
                paint.Color = new SKColor(gray, (byte)(gray * 0.9), gray, 235);
                canvas.DrawRect(x, y, Grain, Grain, paint);
            }
    }

    private static void Sharp(SKCanvas canvas, SKPaint paint)
    {
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeCap = SKStrokeCap.Round;
        paint.StrokeWidth = 4.2f;
        paint.Color = SKColors.White;
        canvas.DrawLine(39, 9, 36, 27, paint);
        canvas.DrawLine(49, 9, 46, 27, paint);
        canvas.DrawLine(34, 14, 53, 14, paint);
        canvas.DrawLine(32, 22, 51, 22, paint);
        paint.Style = SKPaintStyle.Fill;
    }
}

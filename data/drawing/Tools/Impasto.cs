using System.Numerics;
using System.Runtime.InteropServices;
using ImageGen.Imaging;
using SkiaSharp;

namespace ImageGen.Painters;

/// <summary>
/// A canvas of thick paint. Every stroke goes onto two surfaces, its color and its height; at the end a low light from
/// the upper left brings the relief out. Coordinates run from 0 to 1, whatever the number of pixels.
/// </summary>
internal sealed class Impasto : IDisposable
{
    private readonly int width, height, seed;
    private readonly SKSurface colors, heights;
    private readonly SKPaint paint = new() { IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeCap = SKStrokeCap.Round, StrokeJoin = SKStrokeJoin.Round };

    public Impasto(int width, int height, int seed, SKColor ground)
    {
        (this.width, this.height, this.seed) = (width, height, seed);
        colors = Surface(ground);
        heights = Surface(new SKColor(110, 110, 110));
    }

    /// <summary>One pull of a brush: bristles side by side, each with a little more or less paint.</summary>
    public void Stroke(ReadOnlySpan<SKPoint> spine, float thickness, SKColor color, int bristles, float contrast, int id)
    {
        if (spine.Length < 2) return;
        Line(spine, 0, thickness, color, 0.92f, 105, id, 0);
        for (var b = 0; b < bristles; b++)
        {
            float across = (b + 0.5f + 0.5f * (Noise.Value(id, b, 1) - 0.5f)) / bristles - 0.5f, load = Noise.Value(id, b, 2) - 0.5f;
            float ridge = 128 + 190 * load * contrast * 2 - 40 * MathF.Abs(across);
            Line(spine, across * thickness * 0.94f, thickness / bristles * 1.25f, Shade(color, 1 + contrast * load, load * 9), 0.85f, ridge, id, b + 1);
        }
    }

    /// <summary>A touch of paint, thicker toward its lower right rim.</summary>
    public void Dab(float x, float y, float radius, float stretch, float angle, SKColor color)
    {
        foreach (var (surface, tone) in new[] { (colors, color), (heights, Grey(150)) })
        {
            var canvas = surface.Canvas;
            canvas.Save();
            canvas.Translate(x, y);
            canvas.RotateRadians(angle);
            canvas.Scale(stretch, 1 / stretch);
            paint.Style = SKPaintStyle.Fill;
            paint.Color = tone;
            canvas.DrawCircle(0, 0, radius, paint);
            if (surface == heights)
            {
                paint.Color = Grey(196);
                canvas.DrawCircle(radius * 0.12f, radius * 0.12f, radius * 0.62f, paint);
            }
            canvas.Restore();
        }
    }

    /// <summary>The picture under its light.</summary>
    public Picture Finish(float relief, float gloss)
    {
        byte[] color = Pixels(colors), bump = Pixels(heights), rgb = new byte[width * height * 3];
        // Heights are in the canvas's own measure, so that a small drawing has the same relief as a large one.
        var steep = relief * width / 512f / 255;
        int At(int x, int y) => bump[(Math.Clamp(y, 0, height - 1) * width + Math.Clamp(x, 0, width - 1)) * 4];
        var half = Vector3.Normalize(new Vector3(-0.5f, -0.62f, 0.6f) + Vector3.UnitZ);
        var sun = Vector3.Normalize(new Vector3(-0.5f, -0.62f, 0.6f));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                float weave = 5 * Noise.Plane(x * 180f / width, y * 180f / width, seed);
                var normal = Vector3.Normalize(new Vector3(
                    (At(x - 1, y) - At(x + 1, y)) * steep, (At(x, y - 1) - At(x, y + 1)) * steep, 1));
                float light = 0.5f + 0.5f * Vector3.Dot(normal, sun) / sun.Z, shine = gloss * MathF.Pow(MathF.Max(Vector3.Dot(normal, half), 0), 24);
                var flat = gloss * MathF.Pow(half.Z, 24);
                for (var channel = 0; channel < 3; channel++)
                    rgb[(y * width + x) * 3 + channel] = (byte)Math.Clamp(color[(y * width + x) * 4 + channel] * light + 255 * (shine - flat) + weave * 0.4f, 0, 255);
            }
        return new Picture(width, height, rgb);
    }

    public static SKColor Shade(SKColor c, float brightness, float warmth = 0) => new(
        Level(c.Red * brightness + warmth), Level(c.Green * brightness + warmth * 0.4f), Level(c.Blue * brightness - warmth));

    public static SKColor Mix(SKColor a, SKColor b, float t) => new(
        Level(float.Lerp(a.Red, b.Red, t)), Level(float.Lerp(a.Green, b.Green, t)), Level(float.Lerp(a.Blue, b.Blue, t)));

    public void Dispose()
    {
        colors.Dispose();
        heights.Dispose();
        paint.Dispose();
    }

    private void Line(ReadOnlySpan<SKPoint> spine, float offset, float thickness, SKColor color, float opacity, float ridge, int id, int bristle)
    {
        using var path = new SKPath();
        // Bristles leave the canvas at different places.
        int first = bristle == 0 ? 0 : (int)(Noise.Value(id, bristle, 3) * spine.Length * 0.18f), last = spine.Length - 1 - (bristle == 0 ? 0 : (int)(Noise.Value(id, bristle, 4) * spine.Length * 0.25f));
        for (var i = first; i <= last; i++)
        {
            SKPoint before = spine[Math.Max(i - 1, 0)], after = spine[Math.Min(i + 1, spine.Length - 1)];
            float dx = after.X - before.X, dy = after.Y - before.Y, length = MathF.Sqrt(dx * dx + dy * dy) + 1e-9f;
            var taper = MathF.Min(1, MathF.Min(i + 1f, spine.Length - i) / (0.2f * spine.Length));
            var p = new SKPoint(spine[i].X - dy / length * offset * taper, spine[i].Y + dx / length * offset * taper);
            if (i == first) path.MoveTo(p); else path.LineTo(p);
        }
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeWidth = thickness;
        paint.Color = color.WithAlpha(Level(255 * opacity));
        colors.Canvas.DrawPath(path, paint);
        paint.Color = Grey(ridge).WithAlpha(235);
        heights.Canvas.DrawPath(path, paint);
    }

    private SKSurface Surface(SKColor ground)
    {
        var surface = SKSurface.Create(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        surface.Canvas.Clear(ground);
        surface.Canvas.Scale(width);
        return surface;
    }

    private byte[] Pixels(SKSurface surface)
    {
        using var pixels = surface.PeekPixels();
        var bytes = new byte[width * height * 4];
        Marshal.Copy(pixels.GetPixels(), bytes, 0, bytes.Length);
        return bytes;
    }

    private static SKColor Grey(float level) => new(Level(level), Level(level), Level(level));

    private static byte Level(float value) => (byte)Math.Clamp(value + 0.5f, 0, 255);
}

using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Display;

/// <summary>
/// A function of two numbers seen from above, darker where it is lower, with level lines, and paths that walk over it: what
/// an optimizer does to two parameters.
/// </summary>
[TypeFormatterSource(typeof(LandscapeFormatters), PreferredMimeTypes = ["image/png", "text/plain"])]
public sealed class Landscape
{
    private const int Width = 520, Height = 320, Density = 2, Levels = 14, Margin = 12, LegendHeight = 30;

    private readonly Func<Tensor, Tensor, Tensor> height;
    private readonly (double Low, double High) x, y;
    private readonly List<(string Name, IReadOnlyList<(double X, double Y)> Points)> paths = [];

    /// <summary>A landscape without paths.</summary>
    /// <param name="height">Gives the height at places: two tensors of x and y in, one of the same shape out.</param>
    /// <param name="x">From where to where, across.</param>
    /// <param name="y">From where to where, upward.</param>
    /// <exception cref="CourseException">A range is empty.</exception>
    public Landscape(Func<Tensor, Tensor, Tensor> height, (double Low, double High) x, (double Low, double High) y)
    {
        if (!(x.Low < x.High) || !(y.Low < y.High)) throw new CourseException("A landscape needs ranges that go from a smaller number to a larger one.");
        (this.height, this.x, this.y) = (height, x, y);
    }

    /// <summary>Adds a path, drawn from its first point, a circle, to its last, a dot. What lies outside is cut.</summary>
    public Landscape Path(string name, IReadOnlyList<(double X, double Y)> points)
    {
        paths.Add((name, points));
        return this;
    }

    /// <summary>The landscape as a picture of twice its size on the page.</summary>
    public Picture ToPicture() => Canvas.Paint((Width + 2 * Margin) * Density, (Height + 2 * Margin + LegendHeight) * Density, canvas =>
    {
        canvas.Scale(Density);
        var area = SKRect.Create(Margin, Margin + LegendHeight, Width, Height);
        using (var image = Ground()) canvas.DrawImage(image, area, new SKSamplingOptions(SKFilterMode.Linear));
        DrawLegend(canvas);
        canvas.ClipRect(area);
        for (var i = 0; i < paths.Count; i++) Draw(canvas, area, paths[i].Points, Palette.Series[(i + 1) % Palette.Series.Length]);
    });

    /// <summary>For example <c>Landscape with the paths "plain" of 40 steps</c>.</summary>
    public override string ToString() =>
        $"Landscape{(paths.Count > 0 ? " with the paths " : "")}{string.Join(", ", paths.Select(path => $"\"{path.Name}\" of {path.Points.Count - 1} steps"))}";

    // Equal steps of the root of the height: a valley shows its floor and its walls.
    private SKImage Ground()
    {
        const int columns = Width * Density, rows = Height * Density;
        using var scope = NewDisposeScope();
        var across = linspace(x.Low, x.High, columns).view(1, columns).expand(rows, columns);
        var up = linspace(y.High, y.Low, rows).view(rows, 1).expand(rows, columns);
        var heights = height(across, up).detach().cpu();
        var levels = ((heights - heights.min()).sqrt() / (heights.max() - heights.min()).sqrt().clamp_min(1e-12)).to(ScalarType.Float32).contiguous();
        var values = levels.data<float>().ToArray();
        var rgba = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (level, right) = (Math.Floor(values[i] * Levels), i % columns + 1 < columns ? i + 1 : i);
            var line = level != Math.Floor(values[right] * Levels) || i + columns < values.Length && level != Math.Floor(values[i + columns] * Levels);
            var light = line ? 0.62 + 0.22 * values[i] : 0.80 + 0.18 * (level + 0.5) / Levels;
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) =
                ((byte)(light * 240), (byte)(light * 247), (byte)(Math.Min(1, light * 1.03) * 255), 255);
        }
        return SKImage.FromPixelCopy(new SKImageInfo(columns, rows, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
    }

    private void DrawLegend(SKCanvas canvas)
    {
        using var text = new Lettering(Inter.Medium, 12.5f, Palette.Ink);
        using var paint = new SKPaint { IsAntialias = true };
        var left = (float)Margin;
        for (var i = 0; i < paths.Count; i++)
        {
            paint.Color = Palette.Series[(i + 1) % Palette.Series.Length];
            canvas.DrawCircle(left + 6, Margin + 9, 5, paint);
            text.Draw(canvas, [paths[i].Name], left + 17, Margin);
            left += 17 + text.Measure(paths[i].Name) + 20;
        }
    }

    private void Draw(SKCanvas canvas, SKRect area, IReadOnlyList<(double X, double Y)> points, SKColor color)
    {
        // Beyond this Skia draws nothing sensible, and nothing of it would be seen.
        const float far = 20_000;
        SKPoint Place((double X, double Y) point) => new(
            Math.Clamp((float)(area.Left + (point.X - x.Low) / (x.High - x.Low) * area.Width), -far, far),
            Math.Clamp((float)(area.Bottom - (point.Y - y.Low) / (y.High - y.Low) * area.Height), -far, far));
        SKPoint[] places = [.. points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).Select(Place)];
        if (places.Length == 0) return;
        using var paint = new SKPaint { IsAntialias = true, Color = color, StrokeWidth = 2, Style = SKPaintStyle.Stroke };
        using (var line = new SKPath())
        {
            line.AddPoly(places, close: false);
            canvas.DrawPath(line, paint);
        }
        canvas.DrawCircle(places[0], 6, paint);
        paint.Style = SKPaintStyle.Fill;
        foreach (var place in places.Skip(1)) canvas.DrawCircle(place, 2.4f, paint);
        canvas.DrawCircle(places[^1], 5.5f, paint);
    }
}

/// <summary>How a notebook shows a <see cref="Landscape"/>.</summary>
internal sealed class LandscapeFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<Landscape>("image/png", landscape => Convert.ToBase64String(new Drawing(landscape.ToPicture(), 2).ToPng())),
        new Shown<Landscape>("text/plain", landscape => landscape.ToString()),
    ];
}

using ImageGen.Imaging;
using ImageGen.Training;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>Draws one moment of a training: how far it is, its curves, and beside them what it makes.</summary>
internal static class LiveDrawing
{
    private const int Width = 760, ChartHeight = 300, Top = 58, Margin = 20, Density = ChartDrawing.Density;

    /// <summary>Draws the moment.</summary>
    /// <param name="title">What is being trained.</param>
    /// <param name="latest">The last report; null before the first.</param>
    /// <param name="curves">What the chart draws.</param>
    /// <param name="logLosses">Whether the chart's axis is logarithmic.</param>
    /// <param name="over">Whether no further report will come.</param>
    public static Drawing Draw(string title, TrainingProgress? latest, IReadOnlyList<Series> curves, bool logLosses, bool over)
    {
        var status = Status(latest, over);
        var body = latest is not null;
        var sample = latest?.Sample is { } picture ? Fit(picture) : null;
        var (sampleWidth, sampleHeight) = sample is null ? (0, 0) : (sample.Width / Density, sample.Height / Density);
        var bodyHeight = body ? Math.Max(ChartHeight, sampleHeight + 24) : 0;
        var drawn = Canvas.Paint(Width * Density, (Top + bodyHeight) * Density, canvas =>
        {
            canvas.Scale(Density);
            DrawHeader(canvas, title, status, latest is null ? 0 : (double)latest.Step / Math.Max(1, latest.Steps));
            if (!body) return;
            var chartWidth = sample is null ? Width : Width - sampleWidth - Margin - 8;
            var chart = new Chart(curves) { LogY = logLosses, XLabel = "step", Title = curves.Count == 1 ? curves[0].Name : "" };
            if (curves.Count > 0) ChartDrawing.Draw(chart, canvas, SKRect.Create(0, Top, chartWidth, bodyHeight));
            if (sample is null) return;
            using var bitmap = PictureWriter.ToBitmap(sample);
            using var image = SKImage.FromBitmap(bitmap);
            canvas.DrawImage(image, SKRect.Create(Width - Margin - sampleWidth, Top + 12, sampleWidth, sampleHeight), new SKSamplingOptions(SKFilterMode.Nearest));
        });
        // While the training runs, a frame's speed counts; the last one, which is saved, may take its time to be small.
        return new Drawing(drawn, Density) { Description = $"{title}: {status}", HasPhotographs = over && sample is not null };
    }

    private static void DrawHeader(SKCanvas canvas, string title, string status, double done)
    {
        using var heading = new Lettering(Inter.SemiBold, 15, Palette.Ink);
        using var facts = new Lettering(Inter.Regular, 12.5f, Palette.Muted);
        var room = Width - 3 * Margin - facts.Measure(status);
        heading.Draw(canvas, heading.Wrap(title, room, 1), Margin, 12);
        facts.Draw(canvas, [status], Width - Margin, 14, SKTextAlign.Right);
        using var paint = new SKPaint { IsAntialias = true, Color = Palette.Rule };
        canvas.DrawRoundRect(Margin, 42, Width - 2 * Margin, 6, 3, 3, paint);
        if (done <= 0) return;
        paint.Color = Palette.Series[0];
        canvas.DrawRoundRect(Margin, 42, (float)Math.Max(6, (Width - 2 * Margin) * Math.Min(1, done)), 6, 3, 3, paint);
    }

    private static string Status(TrainingProgress? latest, bool over)
    {
        if (latest is null) return over ? "stopped before the first step" : "starting";
        var (step, steps) = ($"{latest.Step:N0}", $"{latest.Steps:N0}");
        if (latest.Step >= latest.Steps) return $"{steps} steps in {Time(latest.Elapsed)}";
        if (over) return $"stopped at step {step} of {steps} after {Time(latest.Elapsed)}";
        var left = latest.Step > 0 ? latest.Elapsed / latest.Step * (latest.Steps - latest.Step) : TimeSpan.Zero;
        return $"step {step} of {steps}  ·  {Time(latest.Elapsed)}  ·  about {Time(left)} left";
    }

    private static string Time(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";

    /// <summary>The sample in whole multiples of its pixels where it is small, else shrunk to its place.</summary>
    private static Picture Fit(Picture sample)
    {
        const int side = 280 * Density;
        var zoom = side / Math.Max(sample.Width, sample.Height);
        return zoom >= 1 ? Grid.Of([sample], zoom: zoom) : sample.FitWithin(side);
    }
}

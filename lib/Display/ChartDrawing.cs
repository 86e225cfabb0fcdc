using ImageGen.Imaging;
using ScottPlot;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>Draws charts in process: title and legend at the upper left, quiet axes, no frame.</summary>
internal static class ChartDrawing
{
    public const int Density = 2;
    private const float Margin = 20, TickSize = 12, LabelSize = 12.5f, TitleSize = 16, LegendSize = 12.5f;

    public static Picture Draw(Chart chart) => Canvas.Paint(chart.Width * Density, chart.Height * Density, canvas =>
    {
        canvas.Scale(Density);
        Draw(chart, canvas, SKRect.Create(chart.Width, chart.Height));
    });

    /// <summary>Draws the chart into a part of a canvas.</summary>
    public static void Draw(Chart chart, SKCanvas canvas, SKRect area)
    {
        var top = area.Top + DrawHeader(chart, canvas, area);
        using var plot = new Plot();
        Style(plot, chart);
        if (chart.Series is [HeatmapSeries heatmap]) ChartSeries.Add(plot, heatmap);
        else ChartSeries.Add(plot, chart);
        // ScottPlot clears the canvas it is given; the clip keeps it to its part.
        var part = new PixelRect(area.Left + 6, area.Right - 12, area.Bottom - 6, top);
        canvas.Save();
        canvas.ClipRect(new SKRect(part.Left, part.Top, part.Right, part.Bottom));
        plot.Render(canvas, part);
        canvas.Restore();
    }

    private static float DrawHeader(Chart chart, SKCanvas canvas, SKRect area)
    {
        var y = area.Top + 12f;
        if (chart.Title.Length > 0)
        {
            using var title = new Lettering(Inter.SemiBold, TitleSize, Palette.Ink);
            var lines = title.Wrap(chart.Title, area.Width - 2 * Margin, 2);
            title.Draw(canvas, lines, area.Left + Margin, y);
            y += lines.Count * title.LineHeight + 3;
        }
        // A lone series needs no legend: the title and the axes name it.
        var named = chart.Series.Select((series, i) => (series, Color: Palette.Series[i % Palette.Series.Length]))
            .Where(entry => entry.series.Name.Length > 0 && entry.series is not HeatmapSeries).ToList();
        if (chart.Series.Count > 1 && named.Count > 0) y = DrawLegend(named, canvas, area, y);
        if (ChartNotes.Of(chart) is { } note)
        {
            using var text = new Lettering(Inter.Medium, LegendSize, Palette.Muted);
            var lines = text.Wrap(note, area.Width - 2 * Margin, 2);
            text.Draw(canvas, lines, area.Left + Margin, y);
            y += lines.Count * text.LineHeight + 2;
        }
        return MathF.Ceiling(y - area.Top + 4);
    }

    private static float DrawLegend(List<(Series Series, SKColor Color)> entries, SKCanvas canvas, SKRect area, float y)
    {
        using var text = new Lettering(Inter.Medium, LegendSize, Palette.Muted);
        using var paint = new SKPaint { IsAntialias = true, StrokeWidth = 2.5f, StrokeCap = SKStrokeCap.Round };
        const float keyWidth = 16, keyGap = 7, entryGap = 20;
        var x = area.Left + Margin;
        foreach (var (series, color) in entries)
        {
            var width = keyWidth + keyGap + text.Measure(series.Name);
            if (x > area.Left + Margin && x + width > area.Right - Margin)
            {
                x = area.Left + Margin;
                y += text.LineHeight;
            }
            var middle = y + text.LineHeight / 2;
            paint.Color = color;
            paint.PathEffect = series is LineSeries { Dashed: true } ? SKPathEffect.CreateDash([3, 4.5f], 0) : null;
            if (series is LineSeries) canvas.DrawLine(x + 1, middle, x + keyWidth - 1, middle, paint);
            else if (series is ScatterSeries) canvas.DrawCircle(x + keyWidth / 2, middle, 4, paint);
            else canvas.DrawRoundRect(x + 2, middle - 5, 10, 10, 2, 2, paint);
            text.Draw(canvas, [series.Name], x + keyWidth + keyGap, y);
            x += width + entryGap;
        }
        return y + text.LineHeight + 2;
    }

    private static void Style(Plot plot, Chart chart)
    {
        InterForCharts.Install();
        plot.Font.Set(InterForCharts.Name);
        plot.FigureBackground.Color = Colors.White;
        plot.DataBackground.Color = Colors.White;
        plot.Axes.Title.IsVisible = false;
        plot.Grid.MajorLineColor = ChartSeries.Color(Palette.Rule);
        plot.Grid.MajorLineWidth = 1;
        plot.Axes.Right.IsVisible = plot.Axes.Top.IsVisible = false;
        foreach (var axis in new IAxis[] { plot.Axes.Bottom, plot.Axes.Left })
        {
            axis.TickLabelStyle.FontName = InterForCharts.Name;
            axis.TickLabelStyle.FontSize = TickSize;
            axis.TickLabelStyle.ForeColor = ChartSeries.Color(Palette.Muted);
            axis.MajorTickStyle.Length = 4;
            axis.MajorTickStyle.Color = ChartSeries.Color(Palette.Axis);
            axis.MinorTickStyle.Length = 0;
            axis.FrameLineStyle.Color = ChartSeries.Color(Palette.Axis);
            axis.FrameLineStyle.Width = 1;
        }
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        Label(plot.Axes.Bottom.Label, chart.XLabel);
        Label(plot.Axes.Left.Label, chart.YLabel);
        plot.Axes.Right.MinimumSize = plot.Axes.Top.MinimumSize = 8;
    }

    private static void Label(LabelStyle label, string text)
    {
        label.Text = text;
        label.FontName = InterForCharts.MediumName;
        label.FontSize = LabelSize;
        label.Bold = false;
        label.ForeColor = ChartSeries.Color(Palette.Muted);
        label.IsVisible = text.Length > 0;
    }
}

/// <summary>Hands the library's typeface to ScottPlot, which otherwise asks the system for one.</summary>
internal sealed class InterForCharts : IFontResolver
{
    public const string Name = "Inter", MediumName = "Inter Medium";

    private static readonly Lazy<bool> Installed = new(() =>
    {
        Fonts.FontResolvers.Insert(0, new InterForCharts());
        Fonts.Default = Name;
        return true;
    });

    public static void Install() => _ = Installed.Value;

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName switch
    {
        Name => weight >= FontWeight.SemiBold ? Inter.SemiBold : Inter.Regular,
        MediumName => Inter.Medium,
        _ => null,
    };

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
}

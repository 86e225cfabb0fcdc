using ScottPlot;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>Puts a chart's series into a ScottPlot plot. A logarithmic axis plots log₁₀ of the values.</summary>
internal static class ChartSeries
{
    public static Color Color(SKColor color) => new(color.Red, color.Green, color.Blue, color.Alpha);

    public static void Add(Plot plot, Chart chart)
    {
        var bars = chart.Series.OfType<BarSeries>().ToList();
        for (var i = 0; i < chart.Series.Count; i++)
        {
            var color = Palette.Series[i % Palette.Series.Length];
            switch (chart.Series[i])
            {
                case LineSeries line:
                    AddLine(plot, line, chart, color);
                    break;
                case ScatterSeries points:
                    AddPoints(plot, points, chart, color);
                    break;
                case HistogramSeries histogram:
                    AddHistogram(plot, histogram, chart, color);
                    break;
                case BarSeries group:
                    AddBars(plot, group, bars.IndexOf(group), bars.Count, chart, color);
                    break;
            }
        }
        var standing = bars.Count > 0 || chart.Series.Any(series => series is HistogramSeries);
        var below = !chart.LogY && bars.SelectMany(b => b.Values).Any(value => value < 0);
        plot.Axes.Margins(left: 0.03, right: 0.03, bottom: standing && !below ? 0 : 0.08, top: 0.08);
        plot.Axes.Left.TickGenerator = chart.LogY ? ChartTicks.Powers(AllY(chart)) : ChartTicks.Numbers(28);
        plot.Axes.Bottom.TickGenerator = bars.Count > 0 ? ChartTicks.Labels(bars[0].Labels, 0)
            : chart.LogX ? ChartTicks.Powers(AllX(chart)) : ChartTicks.Numbers(60);
        if (bars.Count > 0) FitLabels(plot, bars[0].Labels, chart.Width);
        plot.Grid.XAxisStyle.IsVisible = chart.Series.All(series => series is ScatterSeries);
        plot.Axes.AutoScale();
        if (below) plot.Add.HorizontalLine(0, 1, Color(Palette.Axis));
    }

    public static void Add(Plot plot, HeatmapSeries heatmap)
    {
        var (low, high, diverging) = heatmap.ColorRange;
        var (rows, columns) = (heatmap.Values.GetLength(0), heatmap.Values.GetLength(1));
        // ScottPlot cannot draw a map of NaN alone; an empty one is the same picture.
        var empty = !heatmap.Values.Cast<double>().Any(double.IsFinite);
        var cells = plot.Add.Heatmap(empty ? new double[rows, columns] : heatmap.Values);
        cells.IsVisible = !empty;
        cells.Colormap = new Stops(diverging ? Palette.Diverging : Palette.Rising);
        cells.ManualRange = new ScottPlot.Range(low, high);
        cells.Extent = new CoordinateRect(0.5, columns - 0.5, 0.5, rows - 0.5); // the centers of the outer cells
        plot.HideGrid();
        plot.Axes.SetLimits(0, columns, rows, 0);
        plot.Axes.Left.TickGenerator = ChartTicks.Cells(heatmap.RowLabels, rows);
        plot.Axes.Bottom.TickGenerator = ChartTicks.Cells(heatmap.ColumnLabels, columns);
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom }) axis.FrameLineStyle.Width = axis.MajorTickStyle.Length = 0;

        var scale = plot.Add.ColorBar(cells, Edge.Right);
        scale.Width = 14;
        scale.Axis.TickLabelStyle.FontName = InterForCharts.Name;
        scale.Axis.TickLabelStyle.FontSize = 12;
        scale.Axis.TickLabelStyle.ForeColor = Color(Palette.Muted);
        scale.Axis.MajorTickStyle.Length = scale.Axis.MinorTickStyle.Length = 0;
        scale.Axis.FrameLineStyle.Width = 0;
        scale.Axis.TickGenerator = ChartTicks.Numbers(30);
        scale.LabelStyle.Text = heatmap.Name;
        scale.LabelStyle.FontName = InterForCharts.MediumName;
        scale.LabelStyle.FontSize = 12.5f;
        scale.LabelStyle.Bold = false;
        scale.LabelStyle.ForeColor = Color(Palette.Muted);
    }

    private static void AddLine(Plot plot, LineSeries line, Chart chart, SKColor color)
    {
        var kept = Thinning.Keep(line.X, line.Y);
        double[] x = [.. kept.Select(i => line.X[i])], y = [.. kept.Select(i => line.Y[i])];
        var drawn = plot.Add.ScatterLine(Points(x, y, chart), Color(color));
        drawn.LineWidth = 2.25f;
        if (line.Dashed) drawn.LinePattern = LinePattern.DenselyDashed;
        if (line.Dashed || line.X.Count > 24) return; // many markers would hide the line
        drawn.MarkerSize = 6;
        drawn.MarkerShape = MarkerShape.FilledCircle;
    }

    private static void AddPoints(Plot plot, ScatterSeries points, Chart chart, SKColor color)
    {
        var drawn = plot.Add.ScatterPoints(Points(points.X, points.Y, chart), Color(color.WithAlpha(points.X.Count > 200 ? (byte)140 : (byte)215)));
        drawn.MarkerShape = MarkerShape.FilledCircle;
        drawn.MarkerSize = points.X.Count > 200 ? 5 : 8;
    }

    private static void AddHistogram(Plot plot, HistogramSeries histogram, Chart chart, SKColor color)
    {
        var alone = chart.Series.Count == 1;
        var floor = chart.LogY ? Math.Log10(0.5) : 0;
        double Height(double count) => chart.LogY ? Math.Log10(Math.Max(count, 0.5)) : count;
        // One outline, not bars side by side: half-transparent bars would show their seams.
        List<Coordinates> outline = [new(histogram.Edges[0], floor)];
        for (var i = 0; i < histogram.Counts.Count; i++)
        {
            outline.Add(new(histogram.Edges[i], Height(histogram.Counts[i])));
            outline.Add(new(histogram.Edges[i + 1], Height(histogram.Counts[i])));
        }
        outline.Add(new(histogram.Edges[^1], floor));
        var area = plot.Add.Polygon([.. outline]);
        area.FillColor = Color(color.WithAlpha(alone ? (byte)200 : (byte)90));
        area.LineColor = Color(color);
        area.LineWidth = 1.5f;
    }

    private static void AddBars(Plot plot, BarSeries group, int index, int groups, Chart chart, SKColor color)
    {
        var width = 0.72 / groups;
        var floor = chart.LogY ? Math.Floor(chart.Series.OfType<BarSeries>().SelectMany(b => b.Values).Where(v => v > 0)
            .Select(Math.Log10).DefaultIfEmpty(0).Min() - 0.3) : 0; // the smallest bar, too, stands above its foot
        var bars = group.Values.Select((value, i) => new Bar
        {
            Position = i + (index - (groups - 1) / 2.0) * width,
            Size = width * (groups > 1 ? 0.92 : 1),
            Value = chart.LogY ? value > 0 ? Math.Log10(value) : floor : value,
            ValueBase = floor,
            FillColor = Color(color),
            LineWidth = 0,
        }).ToArray();
        plot.Add.Bars(bars);
        if (groups > 1 || bars.Length > 12) return;
        for (var i = 0; i < bars.Length; i++)
        {
            var down = !chart.LogY && group.Values[i] < 0;
            var label = plot.Add.Text(ChartTicks.Number(group.Values[i], "G3"), bars[i].Position, bars[i].Value);
            label.LabelFontName = InterForCharts.MediumName;
            label.LabelFontSize = 12;
            label.LabelFontColor = Color(Palette.Ink);
            label.LabelAlignment = down ? Alignment.UpperCenter : Alignment.LowerCenter;
            label.OffsetY = down ? 4 : -4;
        }
    }

    private static Coordinates[] Points(IReadOnlyList<double> x, IReadOnlyList<double> y, Chart chart) =>
        [.. x.Zip(y, (a, b) => new Coordinates(chart.LogX ? Log(a) : a, chart.LogY ? Log(b) : b))
            .Where(point => double.IsFinite(point.X) && (double.IsFinite(point.Y) || double.IsNaN(point.Y)))];

    private static double Log(double value) => value > 0 ? Math.Log10(value) : double.NaN;

    /// <summary>Turns the labels under bars that would run into each other.</summary>
    private static void FitLabels(Plot plot, IReadOnlyList<string> labels, int chartWidth)
    {
        using var lettering = new Imaging.Lettering(Imaging.Inter.Regular, 12, Palette.Muted);
        var widest = labels.Select(lettering.Measure).DefaultIfEmpty(0).Max();
        if (widest + 8 <= (chartWidth - 80f) / Math.Max(1, labels.Count)) return;
        plot.Axes.Bottom.TickLabelStyle.Rotation = -35;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = widest * 0.6f + (plot.Axes.Bottom.Label.Text.Length > 0 ? 44 : 20);
    }

    private static IEnumerable<double> AllX(Chart chart) => chart.Series.SelectMany(series => series switch
    {
        LineSeries line => line.X,
        ScatterSeries points => points.X,
        HistogramSeries histogram => histogram.Edges,
        _ => [],
    });

    private static IEnumerable<double> AllY(Chart chart) => chart.Series.SelectMany(series => series switch
    {
        LineSeries line => line.Y,
        ScatterSeries points => points.Y,
        BarSeries bars => bars.Values,
        HistogramSeries histogram => histogram.Counts,
        _ => [],
    });

    private sealed class Stops(SKColor[] stops) : IColormap
    {
        public string Name => "stops";

        public Color GetColor(double position) => Color(Palette.At(stops, position));
    }
}

using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>Puts a chart's series and ticks into a ScottPlot plot. A logarithmic axis plots log₁₀ and says 10ⁿ.</summary>
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
        plot.Axes.Margins(left: 0.03, right: 0.03, bottom: standing ? 0 : 0.06, top: 0.08);
        plot.Axes.Left.TickGenerator = chart.LogY ? LogTicks() : NumberTicks(55);
        plot.Axes.Bottom.TickGenerator = bars.Count > 0 ? LabelTicks(bars[0].Labels)
            : chart.LogX ? LogTicks() : NumberTicks(90);
        if (bars.Count > 0) plot.Grid.XAxisStyle.IsVisible = false;
        plot.Axes.AutoScale();
        if (standing && !chart.LogY && bars.SelectMany(b => b.Values).Any(v => v < 0))
            plot.Add.HorizontalLine(0, 1, Color(Palette.Axis));
    }

    public static void Add(Plot plot, HeatmapSeries heatmap)
    {
        var (low, high, diverging) = heatmap.ColorRange;
        var (rows, columns) = (heatmap.Values.GetLength(0), heatmap.Values.GetLength(1));
        var cells = plot.Add.Heatmap(heatmap.Values);
        cells.Colormap = new Stops(diverging ? Palette.Diverging : Palette.Rising);
        cells.ManualRange = new ScottPlot.Range(low, high);
        cells.Extent = new CoordinateRect(0, columns, 0, rows);
        plot.HideGrid();
        plot.Axes.SetLimits(0, columns, rows, 0);
        plot.Axes.Left.TickGenerator = CellTicks(heatmap.RowLabels, rows);
        plot.Axes.Bottom.TickGenerator = CellTicks(heatmap.ColumnLabels, columns);
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom }) axis.FrameLineStyle.Width = axis.MajorTickStyle.Length = 0;

        var scale = plot.Add.ColorBar(cells, Edge.Right);
        scale.Width = 14;
        scale.Axis.TickLabelStyle.FontName = InterForCharts.Name;
        scale.Axis.TickLabelStyle.FontSize = 12;
        scale.Axis.TickLabelStyle.ForeColor = Color(Palette.Muted);
        scale.Axis.MajorTickStyle.Length = scale.Axis.MinorTickStyle.Length = 0;
        scale.Axis.FrameLineStyle.Width = 0;
        scale.Axis.TickGenerator = NumberTicks(50);
        scale.LabelStyle.Text = heatmap.Name;
        scale.LabelStyle.FontName = InterForCharts.MediumName;
        scale.LabelStyle.FontSize = 12.5f;
        scale.LabelStyle.Bold = false;
        scale.LabelStyle.ForeColor = Color(Palette.Muted);
    }

    private static void AddLine(Plot plot, LineSeries line, Chart chart, SKColor color)
    {
        var drawn = plot.Add.ScatterLine(Points(line.X, line.Y, chart), Color(color));
        drawn.LineWidth = 2.25f;
        if (line.Dashed) drawn.LinePattern = LinePattern.DenselyDashed;
        if (line.X.Count > 24) return;
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
        var bars = histogram.Counts.Select((count, i) => new Bar
        {
            Position = (histogram.Edges[i] + histogram.Edges[i + 1]) / 2,
            Size = (histogram.Edges[i + 1] - histogram.Edges[i]) * (alone ? 0.92 : 1),
            Value = chart.LogY ? Math.Log10(Math.Max(count, 0.5)) : count,
            ValueBase = chart.LogY ? Math.Log10(0.5) : 0,
            FillColor = Color(color.WithAlpha(alone ? (byte)255 : (byte)130)),
            LineWidth = 0,
        });
        plot.Add.Bars(bars.ToArray());
    }

    private static void AddBars(Plot plot, BarSeries group, int index, int groups, Chart chart, SKColor color)
    {
        var width = 0.72 / groups;
        var floor = chart.LogY ? Math.Floor(chart.Series.OfType<BarSeries>().SelectMany(b => b.Values).Where(v => v > 0)
            .Select(Math.Log10).DefaultIfEmpty(0).Min()) : 0;
        var bars = group.Values.Select((value, i) => new Bar
        {
            Position = i + (index - (groups - 1) / 2.0) * width,
            Size = width * (groups > 1 ? 0.92 : 1),
            Value = chart.LogY ? value > 0 ? Math.Log10(value) : floor : value,
            ValueBase = floor,
            FillColor = Color(color),
            LineWidth = 0,
        });
        plot.Add.Bars(bars.ToArray());
    }

    private static Coordinates[] Points(IReadOnlyList<double> x, IReadOnlyList<double> y, Chart chart) =>
        [.. x.Zip(y, (a, b) => new Coordinates(chart.LogX ? Log(a) : a, chart.LogY ? Log(b) : b))
            .Where(point => double.IsFinite(point.X) && (double.IsFinite(point.Y) || double.IsNaN(point.Y)))];

    private static double Log(double value) => value > 0 ? Math.Log10(value) : double.NaN;

    private static NumericAutomatic NumberTicks(float spacing) => new()
    {
        MinimumTickSpacing = spacing,
        LabelFormatter = Number,
    };

    /// <summary>A number as short as it can be read: 0.001 but 1e-6, 20,000 but 3.5M.</summary>
    internal static string Number(double value)
    {
        var size = Math.Abs(value);
        var text = size == 0 ? "0"
            : size is < 1e-4 or >= 1e12 ? value.ToString("0.##e-0", CultureInfo.InvariantCulture)
            : size >= 1e9 ? (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "B"
            : size >= 1e6 ? (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M"
            : size >= 1e4 ? value.ToString("#,0", CultureInfo.InvariantCulture)
            : value.ToString("0.######", CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    private static NumericManual LabelTicks(IReadOnlyList<string> labels) =>
        new([.. labels.Select((label, i) => new Tick(i, label))]);

    private static NumericManual CellTicks(IReadOnlyList<string>? labels, int count)
    {
        if (labels is not null) return new([.. labels.Take(count).Select((label, i) => new Tick(i + 0.5, label))]);
        int[] steps = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
        var step = steps.FirstOrDefault(s => count / s <= 8, steps[^1]);
        return new([.. Enumerable.Range(0, (count + step - 1) / step).Select(i => new Tick(i * step + 0.5, (i * step).ToString(CultureInfo.InvariantCulture)))]);
    }

    private static NumericAutomatic LogTicks() => new()
    {
        MinimumTickSpacing = 40,
        IntegerTicksOnly = true,
        LabelFormatter = power => power is >= -3 and <= 4 ? Number(Math.Pow(10, power)) : "10" + Superscript((int)Math.Round(power)),
    };

    private static string Superscript(int power) =>
        string.Concat(power.ToString(CultureInfo.InvariantCulture).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));

    private sealed class Stops(SKColor[] stops) : IColormap
    {
        public string Name => "stops";

        public Color GetColor(double position) => Color(Palette.At(stops, position));
    }
}

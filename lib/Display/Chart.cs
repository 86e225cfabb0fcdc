using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;

namespace ImageGen.Display;

/// <summary>
/// A chart that shows itself in a notebook: interactive where Plotly is understood, and everywhere else as a picture of
/// the same series. Change it with <c>with</c>: <c>Chart.Line(("loss", losses)) with { LogY = true }</c>.
/// </summary>
/// <param name="Series">What it draws, in the order of the legend. A heatmap stands alone.</param>
[TypeFormatterSource(typeof(ChartFormatters), PreferredMimeTypes = ["application/vnd.plotly.v1+json", "image/png"])]
public sealed record Chart(params IReadOnlyList<Series> Series)
{
    /// <summary>Above the chart.</summary>
    public string Title { get; init; } = "";

    /// <summary>What lies across.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>What goes up.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>Draws equal factors, not equal differences, across. Values of 0 and below are left out.</summary>
    public bool LogX { get; init; }

    /// <summary>Draws equal factors, not equal differences, upward. Values of 0 and below are left out.</summary>
    public bool LogY { get; init; }

    /// <summary>Width on a screen; the picture has twice as many pixels.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Height on a screen; the picture has twice as many pixels.</summary>
    public int Height { get; init; } = 400;

    /// <summary>Curves over the steps 1, 2, 3, …</summary>
    public static Chart Line(params IReadOnlyList<(string Name, Numbers Values)> curves) =>
        new([.. curves.Select(curve => new LineSeries(curve.Name, [.. Enumerable.Range(1, curve.Values.Values.Count).Select(i => (double)i)], curve.Values.Values))]);

    /// <summary>One curve through points.</summary>
    /// <exception cref="CourseException">Not as many <paramref name="x"/> as <paramref name="y"/>.</exception>
    public static Chart Line(Numbers x, Numbers y, string name = "")
    {
        RequireAsMany(x, y, "curve");
        return new(new LineSeries(name, x.Values, y.Values));
    }

    /// <summary>Points alone.</summary>
    /// <exception cref="CourseException">Not as many <paramref name="x"/> as <paramref name="y"/>.</exception>
    public static Chart Scatter(Numbers x, Numbers y, string name = "")
    {
        RequireAsMany(x, y, "cloud of points");
        return new(new ScatterSeries(name, x.Values, y.Values));
    }

    /// <summary>A labeled bar for each value.</summary>
    public static Chart Bar(params IReadOnlyList<(string Label, double Value)> bars) =>
        new(new BarSeries("", [.. bars.Select(bar => bar.Label)], [.. bars.Select(bar => bar.Value)]));

    /// <summary>Groups of bars: one color a series, one group a label.</summary>
    /// <exception cref="CourseException">A series has not one value for each label.</exception>
    public static Chart Bar(IReadOnlyList<string> labels, params IReadOnlyList<(string Name, Numbers Values)> series)
    {
        foreach (var (name, values) in series)
            if (values.Values.Count != labels.Count)
                throw new CourseException($"The bars '{name}' need {labels.Count} values, one for each label, not {values.Values.Count}.");
        return new([.. series.Select(bars => new BarSeries(bars.Name, labels, bars.Values.Values))]);
    }

    /// <summary>How often values occur.</summary>
    /// <param name="values">At least one; values that are NaN or infinite are left out.</param>
    /// <param name="bins">Bars between the smallest and the largest value.</param>
    /// <exception cref="CourseException">There is no value.</exception>
    public static Chart Histogram(Numbers values, int bins = 40) => Histogram(bins, ("", values));

    /// <summary>How often values of several kinds occur, over the same bins.</summary>
    /// <exception cref="CourseException">There is no value.</exception>
    public static Chart Histogram(int bins, params IReadOnlyList<(string Name, Numbers Values)> series)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        var finite = series.Select(s => (s.Name, Values: s.Values.Values.Where(double.IsFinite).ToList())).ToList();
        var all = finite.SelectMany(s => s.Values).ToList();
        if (all.Count == 0) throw new CourseException("A histogram needs at least one number.");
        var (low, high) = (all.Min(), all.Max());
        if (low == high) (low, high) = (low - 0.5, high + 0.5);
        double[] edges = [.. Enumerable.Range(0, bins + 1).Select(i => low + (high - low) * i / bins)];
        return new([.. finite.Select(s => new HistogramSeries(s.Name, edges, Count(s.Values, low, high, bins)))]) { YLabel = "count" };
    }

    /// <summary>A matrix as colors, for example a Gram matrix.</summary>
    /// <exception cref="CourseException">It has no row or no column.</exception>
    public static Chart Heatmap(double[,] values, string name = "") =>
        values.Length > 0 ? new(new HeatmapSeries(name, values)) { Width = 480, Height = 440 }
            : throw new CourseException("A heatmap needs at least one row and one column, and was given "
                + $"{values.GetLength(0)}×{values.GetLength(1)}.");

    /// <summary>A matrix as colors, with a name for each row and column.</summary>
    /// <exception cref="CourseException">Not one name for each row and each column.</exception>
    public static Chart Heatmap(double[,] values, IReadOnlyList<string> rows, IReadOnlyList<string> columns)
    {
        if (rows.Count != values.GetLength(0) || columns.Count != values.GetLength(1))
            throw new CourseException($"A heatmap of {values.GetLength(0)}×{values.GetLength(1)} values needs as many names, not {rows.Count} and {columns.Count}.");
        var plain = Heatmap(values);
        return plain with { Series = [(HeatmapSeries)plain.Series[0] with { RowLabels = rows, ColumnLabels = columns }] };
    }

    /// <summary>A matrix as colors, for example a Gram matrix.</summary>
    /// <param name="matrix"><c>[rows, columns]</c>, or <c>[1, rows, columns]</c>.</param>
    /// <param name="name">What the color scale means.</param>
    /// <exception cref="CourseException">Another shape.</exception>
    public static Chart Heatmap(torch.Tensor matrix, string name = "")
    {
        var shape = matrix.shape is [1, .. var rest] && rest.Length == 2 ? rest : matrix.shape;
        if (shape is not [> 0, > 0])
            throw new CourseException($"A heatmap draws a matrix; a tensor of shape [{string.Join(", ", matrix.shape)}] is none: choose one, for example gram[0].");
        Numbers numbers = matrix;
        var values = new double[shape[0], shape[1]];
        Buffer.BlockCopy(numbers.Values.ToArray(), 0, values, 0, numbers.Values.Count * sizeof(double));
        return Heatmap(values, name);
    }

    /// <summary>A matrix as colors, with a name for each row and column, for example who attends to whom.</summary>
    /// <param name="matrix"><c>[rows, columns]</c>, or <c>[1, rows, columns]</c>.</param>
    /// <param name="rows">A name for each row.</param>
    /// <param name="columns">A name for each column.</param>
    /// <param name="range">The ends of the color scale, for charts that are to be compared; the values' own when not given.</param>
    /// <exception cref="CourseException">Another shape, or not one name for each row and each column.</exception>
    public static Chart Heatmap(torch.Tensor matrix, IReadOnlyList<string> rows, IReadOnlyList<string> columns, (double Low, double High)? range = null)
    {
        var plain = Heatmap(((HeatmapSeries)Heatmap(matrix).Series[0]).Values, rows, columns);
        return plain with { Series = [(HeatmapSeries)plain.Series[0] with { Range = range }] };
    }

    /// <summary>The chart as a picture of twice its width and height in pixels.</summary>
    public Picture ToPicture() => ChartDrawing.Draw(this);

    /// <summary>The bytes of a PNG file, marked as drawn for a fine screen.</summary>
    public byte[] ToPng() => new Drawing(ToPicture(), ChartDrawing.Density).ToPng();

    /// <summary>The figure in Plotly's own form: <c>{"data": […], "layout": {…}}</c>.</summary>
    public string ToPlotly() => ChartFigure.ToJson(this);

    /// <summary>For example <c>Chart "loss" of 2 series</c>.</summary>
    public override string ToString() => $"Chart{(Title.Length > 0 ? $" \"{Title}\"" : "")} of {Series.Count} series{(ChartNotes.Of(this) is { } note ? $". {note}" : "")}";

    private static void RequireAsMany(Numbers x, Numbers y, string what)
    {
        if (x.Values.Count != y.Values.Count)
            throw new CourseException($"A {what} needs as many x as y: there are {x.Values.Count} and {y.Values.Count}.");
    }

    private static double[] Count(List<double> values, double low, double high, int bins)
    {
        var counts = new double[bins];
        foreach (var value in values) counts[Math.Min(bins - 1, (int)((value - low) / (high - low) * bins))]++;
        return counts;
    }
}

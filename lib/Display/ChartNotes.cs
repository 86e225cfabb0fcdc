namespace ImageGen.Display;

/// <summary>Says which values of a chart could not be drawn. A NaN within a curve is a gap, and meant to be one.</summary>
internal static class ChartNotes
{
    /// <summary>One line; null where all is drawn.</summary>
    public static string? Of(Chart chart)
    {
        string[] notes = [.. chart.Series.Select(Of).OfType<string>()];
        return notes.Length == 0 ? null : $"Not drawn: {string.Join("; ", notes)}";
    }

    private static string? Of(Series series) => series switch
    {
        LineSeries line when line.Y.Count > 0 && !line.Y.Any(double.IsFinite) => $"{Name(line, "the curve")} has no finite value",
        LineSeries line => First(line.Y, double.IsInfinity) is { } i ? $"{Name(line, "the curve")} is infinite at {line.X[i]:0.###}" : null,
        ScatterSeries points => First([.. points.X.Zip(points.Y, (x, y) => x + y)], NotFinite) is { } i
            ? $"point {i + 1} of {Name(points, "the points")} is not finite" : null,
        BarSeries bars => First(bars.Values, NotFinite) is { } i
            ? $"the bar {bars.Labels[i]}{(bars.Name.Length > 0 ? $" of {bars.Name}" : "")} is {Word(bars.Values[i])}" : null,
        HeatmapSeries map => First([.. map.Values.Cast<double>()], NotFinite) is { } i ? $"{Cell(map, i)} is {Word(map.Values.Cast<double>().ElementAt(i))}" : null,
        _ => null,
    };

    private static string Cell(HeatmapSeries map, int index)
    {
        var (row, column) = Math.DivRem(index, map.Values.GetLength(1));
        return $"row {map.RowLabels?[row] ?? row.ToString()}, column {map.ColumnLabels?[column] ?? column.ToString()}";
    }

    private static string Name(Series series, string otherwise) => series.Name.Length > 0 ? series.Name : otherwise;

    private static string Word(double value) => double.IsNaN(value) ? "NaN" : "infinite";

    private static bool NotFinite(double value) => !double.IsFinite(value);

    private static int? First(IReadOnlyList<double> values, Func<double, bool> isBad)
    {
        for (var i = 0; i < values.Count; i++)
            if (isBad(values[i])) return i;
        return null;
    }
}

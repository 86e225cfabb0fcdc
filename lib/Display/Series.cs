namespace ImageGen.Display;

/// <summary>One thing that a chart draws.</summary>
/// <param name="Name">What the legend calls it; empty keeps it out of the legend.</param>
public abstract record Series(string Name);

/// <summary>Points joined by a line, in the order given.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Across.</param>
/// <param name="Y">Up; NaN leaves a gap.</param>
public sealed record LineSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y) : Series(Name)
{
    /// <summary>Draws dashes, for what is expected or compared with.</summary>
    public bool Dashed { get; init; }
}

/// <summary>Points alone.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Across.</param>
/// <param name="Y">Up.</param>
public sealed record ScatterSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y) : Series(Name);

/// <summary>A bar for each label.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Labels">Below the bars; all bar series of a chart share them.</param>
/// <param name="Values">The bars' heights.</param>
public sealed record BarSeries(string Name, IReadOnlyList<string> Labels, IReadOnlyList<double> Values) : Series(Name);

/// <summary>Bars without gaps: how many values fall between two edges.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Edges">One more than <paramref name="Counts"/>, rising evenly.</param>
/// <param name="Counts">How many values lie between an edge and the next.</param>
public sealed record HistogramSeries(string Name, IReadOnlyList<double> Edges, IReadOnlyList<double> Counts) : Series(Name);

/// <summary>A matrix as colors: row 0 at the top, and 0 in white where values of both signs occur.</summary>
/// <param name="Name">What the color scale means.</param>
/// <param name="Values"><c>[rows, columns]</c>.</param>
public sealed record HeatmapSeries(string Name, double[,] Values) : Series(Name)
{
    /// <summary>Names of the rows, top to bottom.</summary>
    public IReadOnlyList<string>? RowLabels { get; init; }

    /// <summary>Names of the columns, left to right.</summary>
    public IReadOnlyList<string>? ColumnLabels { get; init; }

    /// <summary>The values at the two ends of the color scale, for charts that are to be compared; the values' own when not given.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>The values at the two ends of the color scale: symmetric about 0 where both signs occur.</summary>
    internal (double Low, double High, bool Diverging) ColorRange
    {
        get
        {
            if (Range is var (from, to)) return (from, to, false);
            var finite = Values.Cast<double>().Where(double.IsFinite).DefaultIfEmpty(0).ToList();
            var (low, high) = (finite.Min(), finite.Max());
            var bound = Math.Max(-low, high);
            // A few small negative values among positive ones are noise, not a second direction.
            return low < -0.05 * bound && high > 0.05 * bound ? (-bound, bound, true)
                : low == high ? (low, low + 1, false)
                : (low, high, false);
        }
    }
}

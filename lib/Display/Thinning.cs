namespace ImageGen.Display;

/// <summary>Curves of more points than a picture has pixels, drawn from fewer.</summary>
internal static class Thinning
{
    private const int MostPoints = 10_000, Pieces = 1_600; // more pieces than a chart has columns of pixels

    /// <summary>
    /// The places to keep, in order: all of them up to 10,000; beyond that the curve is cut into pieces, and each keeps its ends,
    /// its extremes and a gap if it has one. Where x rises the picture is the same.
    /// </summary>
    /// <param name="x">Across.</param>
    /// <param name="y">Up; what is not finite is a gap.</param>
    internal static IReadOnlyList<int> Keep(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var count = Math.Min(x.Count, y.Count);
        if (count <= MostPoints) return [.. Enumerable.Range(0, count)];
        var kept = new SortedSet<int>();
        for (var piece = 0; piece < Pieces; piece++)
        {
            var (first, end) = ((int)((long)count * piece / Pieces), (int)((long)count * (piece + 1) / Pieces));
            kept.Add(first);
            kept.Add(end - 1);
            int? lowX = null, highX = null, lowY = null, highY = null, gap = null;
            for (var i = first; i < end; i++)
            {
                if (!double.IsFinite(y[i]) || !double.IsFinite(x[i]))
                {
                    gap ??= i;
                    continue;
                }
                if (lowX is null || x[i] < x[lowX.Value]) lowX = i;
                if (highX is null || x[i] > x[highX.Value]) highX = i;
                if (lowY is null || y[i] < y[lowY.Value]) lowY = i;
                if (highY is null || y[i] > y[highY.Value]) highY = i;
            }
            foreach (var place in (int?[])[lowX, highX, lowY, highY, gap])
                if (place is { } found) kept.Add(found);
        }
        return [.. kept];
    }
}

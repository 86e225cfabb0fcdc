using ImageGen.Training;

namespace ImageGen.Display;

/// <summary>The curves of a training so far, thinned so that a long one costs no more to draw than a short one.</summary>
internal sealed class LiveHistory
{
    private const int MostPoints = 1024;

    private readonly List<string> names = [];
    private readonly List<(double Step, double[] Values)> points = [];
    private int stride = 1;
    private int seen;

    public TrainingProgress? Latest { get; private set; }

    public void Add(TrainingProgress progress)
    {
        Latest = progress;
        foreach (var value in progress.Values)
            if (!names.Contains(value.Name)) names.Add(value.Name);
        if (seen++ % stride != 0) return;
        var row = new double[names.Count];
        Array.Fill(row, double.NaN);
        foreach (var value in progress.Values) row[names.IndexOf(value.Name)] = value.Value;
        points.Add((progress.Step, row));
        if (points.Count < MostPoints) return;
        var kept = points.Where((_, i) => i % 2 == 0).ToList();
        points.Clear();
        points.AddRange(kept);
        stride *= 2;
    }

    /// <summary>The curves, named with their latest values.</summary>
    public IReadOnlyList<Series> Curves() =>
    [
        .. names.Select((name, i) => new LineSeries(
            Latest!.Values.Any(v => v.Name == name) ? $"{name} {ChartTicks.Number(Latest.Values.First(v => v.Name == name).Value, "0.####")}" : name,
            [.. points.Select(point => point.Step)],
            [.. points.Select(point => i < point.Values.Length ? point.Values[i] : double.NaN)])),
    ];
}

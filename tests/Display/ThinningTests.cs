using System.Text.Json;
using ImageGen.Display;
using ImageGen.Runtime;

namespace ImageGen.Tests;

public class ThinningTests
{
    [Fact]
    public void AFewPointsAllStay()
    {
        double[] x = [3, 1, 2], y = [1, double.NaN, 5];
        Assert.Equal([0, 1, 2], Thinning.Keep(x, y));
    }

    [Fact]
    public void OfAMillionEveryPeakEveryGapAndBothEndsStay()
    {
        const int count = 1_000_000;
        double[] x = [.. Enumerable.Range(0, count).Select(i => (double)i)], y = new double[count];
        (y[123_457], y[777_777], y[500_000]) = (9, -4, double.NaN);
        var kept = Thinning.Keep(x, y);
        Assert.InRange(kept.Count, 1_600, 10_000);
        Assert.Equal(kept.Order(), kept);
        Assert.Equal(kept.Distinct().Count(), kept.Count);
        Assert.Superset(new HashSet<int> { 0, 123_457, 500_000, 777_777, count - 1 }, kept.ToHashSet());
    }

    [Fact]
    public void AChartOfAMillionPointsHasAFigureThatANotebookCanHold()
    {
        var chart = Chart.Line(("loss", Enumerable.Range(0, 1_000_000).Select(i => Math.Sin(i / 1e4)).ToArray()));
        Assert.NotEmpty(chart.ToPng());
        var json = chart.ToPlotly();
        Assert.InRange(json.Length, 10_000, 1_000_000);
        using var figure = JsonDocument.Parse(json);
        var trace = figure.RootElement.GetProperty("data")[0];
        Assert.Equal(trace.GetProperty("x").GetArrayLength(), trace.GetProperty("y").GetArrayLength());
    }

    [Fact]
    public void AChartOfNoPointsIsDrawnAndAHeatmapOfNoneIsOneLine()
    {
        Assert.NotEmpty(Chart.Line(("loss", Array.Empty<double>())).ToPng());
        Assert.NotEmpty(Chart.Scatter(Array.Empty<double>(), Array.Empty<double>()).ToPng());
        Assert.Equal("A heatmap needs at least one row and one column, and was given 0×0.",
            Assert.Throws<CourseException>(() => Chart.Heatmap(new double[0, 0])).Message);
        Assert.Throws<CourseException>(() => Chart.Heatmap(new double[0, 2], [], ["a", "b"]));
    }
}

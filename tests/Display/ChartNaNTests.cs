using ImageGen.Display;
using ImageGen.Runtime;

namespace ImageGen.Tests;

public class ChartNaNTests
{
    private const double NaN = double.NaN;

    public static TheoryData<string, Chart> Charts => new()
    {
        { "", Chart.Line(("loss", new double[] { 1, NaN, 3 })) },
        { "loss has no finite value", Chart.Line(("loss", new double[] { NaN, NaN, NaN })) },
        { "loss has no finite value", Chart.Line(("loss", new double[] { NaN, NaN, NaN })) with { LogY = true } },
        { "point 1 of the points is not finite", Chart.Scatter(new double[] { 1, 2, NaN }, new double[] { NaN, 2, 3 }) },
        { "point 1 of the points is not finite", Chart.Scatter(new double[] { NaN }, new double[] { NaN }) },
        { "the bar b is NaN", Chart.Bar(("a", 1), ("b", NaN)) },
        { "the bar a is NaN", Chart.Bar(("a", NaN)) },
        { "the bar a is infinite", Chart.Bar(("a", double.PositiveInfinity), ("b", 2)) },
        { "the bar b is NaN", Chart.Bar(("a", 1), ("b", NaN)) with { LogY = true } },
        { "row 0, column 1 is NaN", Chart.Heatmap(new double[,] { { 1, NaN }, { 2, 3 } }) },
        { "row 0, column 0 is NaN", Chart.Heatmap(new double[,] { { NaN } }) },
        { "loss is infinite at 2", Chart.Line(("loss", new double[] { 1, double.PositiveInfinity, 3 })) },
    };

    [Theory]
    [MemberData(nameof(Charts))]
    public void AChartWithNaNIsDrawnAndSaysWhere(string note, Chart chart)
    {
        Assert.NotEmpty(chart.ToPng());
        Assert.NotEmpty(chart.ToPlotly());
        Assert.EndsWith(note.Length > 0 ? $"Not drawn: {note}" : "of 1 series", chart.ToString());
    }
}

using System.Text.Json;
using ImageGen.Display;
using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;

namespace ImageGen.Tests;

public class ChartTests
{
    private static readonly Chart Losses = Chart.Line(("content", new[] { 3.0, 2, 1 }), ("style", new[] { 9f, 4, 2 })) with
    {
        Title = "Losses",
        XLabel = "step",
        YLabel = "loss",
    };

    [Fact]
    public void AChartWhoseFigureCannotBeMadeStillShowsItsPicture()
    {
        using var figure = JsonDocument.Parse(ChartFigure.OfPicture(Losses));
        var image = figure.RootElement.GetProperty("layout").GetProperty("images")[0].GetProperty("source").GetString()!;
        Assert.Equal(Losses.ToPng(), Convert.FromBase64String(image["data:image/png;base64,".Length..]));
        Assert.Equal(0, figure.RootElement.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public void AChartOfPlotlysOwnShowsItsFigureAndAPicture()
    {
        ChartFigure.ToJson(Losses); // loads Plotly.NET, as a cell that uses it does
        var trace = new Plotly.NET.Trace("scatter");
        trace.SetProperty("name", "squares");
        trace.SetProperty("x", new[] { 1, 2, 3 });
        trace.SetProperty("y", new[] { 1, 4, 9 });
        var chart = Plotly.NET.GenericChart.ofTraceObject(true, trace);

        Assert.Equal([PlotlyJson, "image/png", "text/plain"], Formatter.GetPreferredMimeTypesFor(chart.GetType()));
        using var figure = JsonDocument.Parse(chart.ToDisplayString(PlotlyJson));
        Assert.Equal([1, 4, 9], figure.RootElement.GetProperty("data")[0].GetProperty("y").EnumerateArray().Select(y => y.GetInt32()));
        var picture = Png.Read(chart.ToDisplayString("image/png"));
        Assert.Equal(Chart.Line(new[] { 1, 2, 3 }, new[] { 1, 4, 9 }, "squares").ToPicture(), picture);
    }

    [Theory]
    [InlineData("""{"data":[{"type":"bar","x":["a","b"],"y":[1,2]}],"layout":{"title":{"text":"T"},"xaxis":{"title":"X"}}}""", "Bar T X")]
    [InlineData("""{"data":[{"type":"heatmap","z":[[1,2],[3,4]]}],"layout":{}}""", "Heatmap  ")]
    [InlineData("""{"data":[{"type":"histogram","x":[1,2,2]}],"layout":{}}""", "Histogram  ")]
    [InlineData("""{"data":[{"type":"scatter","mode":"markers","y":[1,null,2]}],"layout":{}}""", "Scatter  ")]
    [InlineData("""{"data":[{"type":"pie","values":[1,2]}],"layout":{}}""", null)]
    [InlineData("""{"data":[{"type":"heatmap","z":[[1,2],[3]]}],"layout":{}}""", null)]
    [InlineData("""{"data":[],"layout":{}}""", null)]
    public void AFigureOfPlotlysIsReadAsFarAsItCanBeDrawn(string json, string? expected)
    {
        using var figure = JsonDocument.Parse(json);
        var chart = PlotlyCharts.FromFigure(figure.RootElement);
        Assert.Equal(expected, chart is null ? null : $"{chart.Series[0].GetType().Name.Replace("Series", "")} {chart.Title} {chart.XLabel}");
        if (chart is not null) Assert.True(Png.Ink(chart.ToPicture()) > 100);
    }

    private const string PlotlyJson = "application/vnd.plotly.v1+json";

    [Fact]
    public void ABundleIsPlotlyAndPngAndNothingElse() =>
        Assert.Equal(["application/vnd.plotly.v1+json", "image/png"], Formatter.GetPreferredMimeTypesFor(typeof(Chart)));

    [Fact]
    public void ThePictureHasTwiceTheSizeAndSaysSo()
    {
        var base64 = Formatter.ToDisplayString(Losses, "image/png");
        var picture = Png.Read(base64);
        Assert.Equal((1280, 800), (picture.Width, picture.Height));
        Assert.Equal(7559, Png.PixelsPerMeter(Convert.FromBase64String(base64))); // 2 × 96 dots an inch
        Assert.InRange(Convert.FromBase64String(base64).Length, 1000, 60_000);
    }

    [Fact]
    public void ThePictureHasEachSeriesInItsColorAndATitle()
    {
        var picture = Losses.ToPicture();
        Assert.True(Png.Count(picture, 0x2b, 0x5f, 0xd9) > 500);
        Assert.True(Png.Count(picture, 0xe8, 0x70, 0x1a) > 500);
        Assert.True(Png.Ink(picture.Crop(0, 0, 400, 56)) > 300);
        Assert.Equal(0, Png.Ink((Losses with { Title = "", Series = [Losses.Series[0]] }).ToPicture().Crop(0, 0, 1280, 20)));
    }

    [Fact]
    public void PlotlyGetsTheSameSeries()
    {
        using var figure = JsonDocument.Parse(Formatter.ToDisplayString(Losses, "application/vnd.plotly.v1+json"));
        var data = figure.RootElement.GetProperty("data");
        Assert.Equal(2, data.GetArrayLength());
        Assert.Equal("style", data[1].GetProperty("name").GetString());
        Assert.Equal("scatter", data[1].GetProperty("type").GetString());
        Assert.Equal([1.0, 2, 3], Doubles(data[1].GetProperty("x")));
        Assert.Equal([9.0, 4, 2], Doubles(data[1].GetProperty("y")));
        var layout = figure.RootElement.GetProperty("layout");
        Assert.Equal("Losses", layout.GetProperty("title").GetProperty("text").GetString());
        Assert.Equal("loss", layout.GetProperty("yaxis").GetProperty("title").GetProperty("text").GetString());
        Assert.Equal(640, layout.GetProperty("width").GetInt32());
    }

    [Fact]
    public void ALogarithmicAxisIsOneForPlotlyToo()
    {
        using var figure = JsonDocument.Parse((Losses with { LogY = true }).ToPlotly());
        Assert.Equal("log", figure.RootElement.GetProperty("layout").GetProperty("yaxis").GetProperty("type").GetString());
        Assert.Equal([9.0, 4, 2], Doubles(figure.RootElement.GetProperty("data")[1].GetProperty("y")));
    }

    [Fact]
    public void NumbersThatAreNoneLeaveAGapInValidJson()
    {
        var chart = Chart.Line(("loss", new[] { 1.0, double.NaN, double.PositiveInfinity, 2 }));
        using var figure = JsonDocument.Parse(chart.ToPlotly());
        Assert.Equal(JsonValueKind.Null, figure.RootElement.GetProperty("data")[0].GetProperty("y")[1].ValueKind);
        Assert.Equal(JsonValueKind.Null, figure.RootElement.GetProperty("data")[0].GetProperty("y")[2].ValueKind);
        Assert.True(Png.Ink(chart.ToPicture()) > 1000);
        Assert.True(Png.Ink((chart with { LogY = true }).ToPicture()) > 1000);
    }

    [Fact]
    public void AHeatmapStartsAtTheUpperLeft()
    {
        var values = new double[4, 4];
        values[0, 3] = 1; // the only bright cell: first row, last column
        var chart = Chart.Heatmap(values, "gram");
        var picture = chart.ToPicture();
        var (bright, dark) = (0, 0);
        for (var y = 0; y < picture.Height / 2; y++)
            for (var x = 0; x < picture.Width * 3 / 4; x++)
                if (picture[x, y] == (0xfd, 0xe7, 0x25)) (bright, _) = (bright + 1, x);
        for (var y = picture.Height / 2; y < picture.Height; y++)
            for (var x = 0; x < picture.Width * 3 / 4; x++)
                if (picture[x, y] == (0xfd, 0xe7, 0x25)) dark++;
        Assert.True(bright > 10_000);
        Assert.Equal(0, dark);
        using var figure = JsonDocument.Parse(chart.ToPlotly());
        var trace = figure.RootElement.GetProperty("data")[0];
        Assert.Equal([0.0, 0, 0, 1], Doubles(trace.GetProperty("z")[0]));
        Assert.Equal("reversed", figure.RootElement.GetProperty("layout").GetProperty("yaxis").GetProperty("autorange").GetString());
    }

    [Fact]
    public void AHeatmapOfBothSignsIsWhiteAtZero()
    {
        using var scope = torch.NewDisposeScope();
        var chart = Chart.Heatmap(torch.tensor(new[,] { { -1f, 0f }, { 0f, 3f } }));
        var picture = chart.ToPicture();
        Assert.True(Png.Count(picture, 0xa3, 0x1f, 0x2b) > 10_000); // +3, the end of the scale
        Assert.Equal((-3.0, 3.0, true), ((HeatmapSeries)chart.Series[0]).ColorRange);
        Assert.Contains("[2]", Assert.Throws<CourseException>(() => Chart.Heatmap(torch.zeros(2))).Message);
    }

    [Fact]
    public void AHistogramCountsEachValueOnce()
    {
        var counts = ((HistogramSeries)Chart.Histogram(new[] { 0.0, 0.1, 0.5, 0.9, 1, double.NaN }, bins: 2).Series[0]).Counts;
        Assert.Equal([2.0, 3], counts); // 0.5 belongs to the upper half, and 1 to the last bar
        Assert.Throws<CourseException>(() => Chart.Histogram(new[] { double.NaN }));
        Assert.Equal(3, ((HistogramSeries)Chart.Histogram(new[] { 4.0, 4, 4 }, bins: 3).Series[0]).Counts.Sum());
    }

    [Fact]
    public void BarsStandForTheirLabels()
    {
        var chart = Chart.Bar(("small", 1), ("large", 9));
        using var figure = JsonDocument.Parse(chart.ToPlotly());
        Assert.Equal("large", figure.RootElement.GetProperty("data")[0].GetProperty("x")[1].GetString());
        var picture = chart.ToPicture();
        int Blue(int left) => Png.Count(picture.Crop(left, 0, 560, 800), 0x2b, 0x5f, 0xd9);
        Assert.InRange((double)Blue(700) / Blue(120), 8.4, 9.8);
        Assert.Contains("'b'", Assert.Throws<CourseException>(() => Chart.Bar(["x", "y"], ("b", new[] { 1 }))).Message);
    }

    [Fact]
    public void MismatchedPointsAreNamed() =>
        Assert.Contains("2 and 3", Assert.Throws<CourseException>(() => Chart.Scatter(new[] { 1, 2 }, new[] { 1, 2, 3 })).Message);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.00001, "1e−5")]
    [InlineData(-2.5, "−2.5")]
    [InlineData(1500, "1,500")]
    [InlineData(20000, "20,000")]
    [InlineData(3500000, "3.5M")]
    public void NumbersAreShort(double value, string expected) => Assert.Equal(expected, ChartTicks.Number(value));

    [Fact]
    public void APowerOfTenIsWrittenAsOne()
    {
        var ticks = ChartTicks.PowersOfTen([1e-6, 1e6]);
        Assert.Contains("10⁻⁶", ticks.Select(tick => tick.Label));
        Assert.Contains("1", ticks.Select(tick => tick.Label));
        Assert.Equal(["1", "2", "5", "10", "20"], ChartTicks.PowersOfTen([1, 16]).Where(t => t.Position is >= 0 and < 1.5).Select(t => t.Label));
    }

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];
}

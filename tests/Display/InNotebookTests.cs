using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests;

/// <summary>The objects of the library as they come out of cells.</summary>
public class InNotebookTests
{
    private sealed class Sink : IOutputSink
    {
        public List<CellOutput> Outputs { get; } = [];

        public void Write(CellOutput output)
        {
            lock (Outputs) Outputs.Add(output);
        }
    }

    private static async Task<IReadOnlyList<CellOutput>> RunAsync(string code)
    {
        using var engine = new NotebookEngine(AppContext.BaseDirectory);
        var first = new Sink();
        await engine.ExecuteAsync("""
            #r "ImageGen.Lib.dll"
            #r "TorchSharp.dll"
            using ImageGen.Display; using ImageGen.Imaging; using ImageGen.Training;
            using static TorchSharp.torch;
            Notebook.Start();
            """, first);
        Assert.Empty(first.Outputs);
        var sink = new Sink();
        await engine.ExecuteAsync(code, sink);
        return sink.Outputs;
    }

    private static JsonObject Bundle(CellOutput output) => Assert.IsType<ResultOutput>(output).Bundle;

    [Fact]
    public async Task ACellEndsWithAChartAPictureATensorOrAModule()
    {
        var chart = Bundle(Assert.Single(await RunAsync("""Chart.Line(("a", new[] { 1.0, 2 })) with { Title = "t" }""")));
        Assert.Equal(["application/vnd.plotly.v1+json", "image/png"], chart.Select(entry => entry.Key).Order());
        Assert.Equal("t", (string?)chart["application/vnd.plotly.v1+json"]!["layout"]!["title"]!["text"]);

        var tensor = Bundle(Assert.Single(await RunAsync("zeros(1, 3, 20, 30)")));
        Assert.Equal(["image/png", "text/plain"], tensor.Select(entry => entry.Key).Order());
        Assert.Equal(Fixture.Plain(30, 20, 0, 0, 0), Png.Read((string)tensor["image/png"]!));

        var module = Bundle(Assert.Single(await RunAsync("nn.Linear(2, 3)")));
        Assert.Contains("9 parameters", (string?)module["text/html"]);
    }

    [Fact]
    public async Task ALiveViewIsOneDisplayThatEndsInItsFinalState()
    {
        var outputs = await RunAsync("""
            using (var view = new LiveView("Training"))
                for (var step = 1; step <= 3; step++)
                    view.Report(new(step, 3, TimeSpan.FromSeconds(step), [new("loss", 1.0 / step)]));
            """);
        var display = Assert.IsType<DisplayOutput>(outputs[0]);
        Assert.All(outputs.Skip(1), output => Assert.Equal(display.DisplayId, Assert.IsType<UpdateDisplay>(output).DisplayId));
        var last = ((UpdateDisplay)outputs[^1]).Bundle;
        Assert.Equal("Training: 3 steps in 0:03", (string?)last["text/plain"]);
        Assert.Equal(1520, Png.Read((string)last["image/png"]!).Width);
    }
}

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Kernel;

/// <summary>An engine in a folder of its own, with what its cells put out.</summary>
internal sealed class EngineRun : IDisposable
{
    private readonly NotebookEngine engine;

    public EngineRun() => engine = new NotebookEngine(Folder);

    public string Folder { get; } = Directory.CreateTempSubdirectory("imagegen-test-").FullName;

    public ConcurrentQueue<CellOutput> Outputs { get; } = [];

    /// <summary>Runs a cell and forgets the outputs of those before it.</summary>
    public Task<CellResult> Run(string code)
    {
        Outputs.Clear();
        return engine.ExecuteAsync(code, new Sink(Outputs));
    }

    /// <summary>Runs a cell that must end well.</summary>
    public async Task Ok(string code)
    {
        var result = await Run(code);
        Assert.True(result.Status == CellStatus.Ok, result.Error?.Text);
    }

    /// <summary>Runs a cell that must end well, and gives its value as text.</summary>
    public async Task<string> Value(string code)
    {
        await Ok(code);
        return (string)Assert.Single(Outputs.OfType<ResultOutput>()).Bundle["text/plain"]!;
    }

    /// <summary>Runs a cell that must fail.</summary>
    public async Task<ErrorOutput> Fails(string code)
    {
        var result = await Run(code);
        Assert.Equal(CellStatus.Failed, result.Status);
        Assert.Same(result.Error, Assert.Single(Outputs.OfType<ErrorOutput>()));
        return result.Error!;
    }

    public string Text(bool errors = false) => string.Concat(Outputs.OfType<StreamOutput>().Where(o => o.IsError == errors).Select(o => o.Text));

    public JsonObject Display() => Assert.Single(Outputs.OfType<DisplayOutput>()).Bundle;

    public void Interrupt() => engine.Interrupt();

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        engine.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class Sink(ConcurrentQueue<CellOutput> outputs) : IOutputSink
    {
        public void Write(CellOutput output) => outputs.Enqueue(output);
    }
}

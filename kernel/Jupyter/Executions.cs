using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Runs cells one after another, in the order in which they were asked for.</summary>
internal sealed partial class Executions
{
    // "Run all" sends every cell at once; after an error, those still on their way are to be dropped too. What a client
    // sends after it knows of the error comes later, and runs.
    private static readonly TimeSpan Arriving = TimeSpan.FromMilliseconds(50);

    private readonly NotebookEngine engine;
    private readonly Publisher publisher;
    private readonly InputChannel input;
    private readonly History history;
    private readonly Channel<(Request Request, ExecuteContent Content)> queue =
        System.Threading.Channels.Channel.CreateUnbounded<(Request, ExecuteContent)>();
    private readonly Lock status = new();
    private string? notice;

    public Executions(NotebookEngine engine, Publisher publisher, InputChannel input, History history, string? notice)
    {
        (this.engine, this.publisher, this.input, this.history, this.notice) = (
            engine, publisher, input, history, notice);
        _ = WorkAsync();
    }

    /// <summary>The request that is running; null between cells.</summary>
    public Request? Running { get; private set; }

    /// <summary>The number of a cell that begins, and its code: to say afterwards what ended a kernel.</summary>
    public event Action<int, string>? Started;

    /// <summary>Cells that ended.</summary>
    public event Action? Ended;

    /// <summary>
    /// Says again that a cell runs, if one does: front ends show the last status they heard, whatever it was about.
    /// </summary>
    public void SayStillBusy()
    {
        lock (status)
            if (Running is { } running) publisher.Status(running, "busy");
    }

    /// <summary>Puts a cell at the end of the queue.</summary>
    /// <exception cref="BadMessageException">The request is malformed.</exception>
    public void Add(Request request) => queue.Writer.TryWrite((request, Contents.Of<ExecuteContent>(request)));

    private async Task WorkAsync()
    {
        await foreach (var (request, content) in queue.Reader.ReadAllAsync())
        {
            try { await RunAsync(request, content); }
            catch (Exception error) { KernelLog.Write($"An execute_request failed inside the kernel: {error}"); }
        }
    }

    private async Task RunAsync(Request request, ExecuteContent content)
    {
        List<Request> dropped = [];
        Running = request;
        publisher.Status(request, "busy");
        try
        {
            var number = engine.ExecutionCount + (content.IsCounted ? 1 : 0);
            if (!content.Silent)
                publisher.Publish(
                    request, "execute_input", new JsonObject { ["code"] = content.Code, ["execution_count"] = number });
            if (content.IsCounted) history.Add(number, content.Code);
            if (notice is not null && !content.Silent)
                publisher.Stream(request, true, Interlocked.Exchange(ref notice, null) + "\n");

            Started?.Invoke(number, content.Code);
            IOutputSink sink = content.Silent
                ? new NoSink()
                : new CellSink(publisher, input, request, number, content.AllowStdin);
            var result = await engine.ExecuteAsync(content.Code, sink, content.IsCounted);
            if (result.Error is { Name: "CompilationError" } && !content.Silent
                && LooksLikePython().IsMatch(content.Code))
                publisher.Stream(request, true, "This looks like Python, and this notebook's kernel runs C#: choose "
                    + "another kernel in the menu Kernel, or write it in C#.\n");
            var reply = result.Error is { } error ? ErrorContent.Of(error) : [];
            reply["status"] = result.Status == CellStatus.Ok ? "ok" : "error";
            reply["execution_count"] = number;
            if (result.Status == CellStatus.Ok)
                reply["user_expressions"] = await EvaluateAsync(content.UserExpressions ?? []);
            if (result.Status == CellStatus.Ok) reply["payload"] = new JsonArray();
            if (result.Status != CellStatus.Ok && content.StopOnError)
            {
                await Task.Delay(Arriving);
                while (queue.Reader.TryRead(out var waiting)) dropped.Add(waiting.Request);
            }
            publisher.Reply(request, "execute_reply", reply);
        }
        finally
        {
            Ended?.Invoke();
            lock (status)
            {
                Running = null;
                publisher.Status(request, "idle");
            }
            dropped.ForEach(Drop);
        }
    }

    private async Task<JsonObject> EvaluateAsync(Dictionary<string, string> expressions)
    {
        var values = new JsonObject();
        foreach (var (name, expression) in expressions)
        {
            var sink = new ResultSink();
            var result = await engine.ExecuteAsync(expression, sink, counted: false);
            var value = values[name] = result.Error is { } error
                ? ErrorContent.Of(error)
                : new JsonObject { ["data"] = sink.Bundle ?? [], ["metadata"] = new JsonObject() };
            value["status"] = result.Status == CellStatus.Ok ? "ok" : "error";
        }
        return values;
    }

    private void Drop(Request request)
    {
        publisher.Status(request, "busy");
        publisher.Reply(
            request, "execute_reply",
            new JsonObject { ["status"] = "aborted", ["execution_count"] = engine.ExecutionCount });
        publisher.Status(request, "idle");
    }

    [GeneratedRegex(@"^\s*(import \w+|from [\w.]+ import |def \w+\(.*:\s*$|print\(|%\w+)", RegexOptions.Multiline)]
    private static partial Regex LooksLikePython();

    private sealed class NoSink : IOutputSink
    {
        public void Write(CellOutput output) { }
    }

    private sealed class ResultSink : IOutputSink
    {
        public JsonObject? Bundle { get; private set; }

        public void Write(CellOutput output)
        {
            if (output is ResultOutput result) Bundle = result.Bundle;
        }
    }
}

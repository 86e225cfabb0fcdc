using System.Reflection;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using NetMQ;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// Answers a notebook's front end. Cells run in order; questions about code (completion, tooltips, history) are
/// answered beside them, also while a cell trains; control messages wait for neither.
/// </summary>
internal sealed class KernelServer : IDisposable
{
    private readonly NotebookEngine engine = new(Environment.CurrentDirectory);
    private readonly Channel<Request> questions = System.Threading.Channels.Channel.CreateUnbounded<Request>();
    private readonly Channel<Request> commands = System.Threading.Channels.Channel.CreateUnbounded<Request>();
    private readonly TaskCompletionSource<bool> shutdown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Wire wire;
    private readonly Sockets sockets;
    private readonly Publisher publisher;
    private readonly InputChannel input;
    private readonly History history = new();
    private readonly CodeQuestions code;

    /// <summary>Binds the sockets and starts to serve.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="notice">Told to the student before the first cell's outputs.</param>
    /// <exception cref="NotebookException">A port is taken.</exception>
    public KernelServer(ConnectionFile connection, string? notice = null)
    {
        wire = new Wire(connection.Key);
        sockets = new Sockets(connection, Received);
        publisher = new Publisher(wire, sockets.Publish, sockets.Reply);
        input = new InputChannel(publisher);
        Executions = new Executions(engine, publisher, input, history, notice);
        code = new CodeQuestions(engine, Environment.CurrentDirectory);
        Executions.Ended += code.WarmUp;
        _ = AnswerAsync(questions.Reader);
        _ = AnswerAsync(commands.Reader);
        publisher.Status(null, "starting");
        sockets.Start();
        _ = engine.WarmUpAsync();
    }

    /// <summary>The cells.</summary>
    public Executions Executions { get; }

    /// <summary>Ends when a client asked the kernel to end; true when it is to be started again.</summary>
    public Task<bool> Shutdown => shutdown.Task;

    /// <summary>Stops the running cell.</summary>
    public void Interrupt() => engine.Interrupt();

    /// <summary>Ends as if a client had asked for it.</summary>
    public void Stop() => shutdown.TrySetResult(false);

    /// <summary>Tells the student why the kernel is about to end, in the outputs of the running cell.</summary>
    public void LastWords(ErrorOutput error)
    {
        if (Executions.Running is not { } request) return;
        var content = ErrorContent.Of(error);
        publisher.Publish(request, "error", content);
        var reply = ErrorContent.Of(error);
        reply["status"] = "error";
        reply["execution_count"] = engine.ExecutionCount;
        publisher.Reply(request, "execute_reply", reply);
        publisher.Status(request, "idle");
    }

    /// <summary>Sends what is left to send and closes everything.</summary>
    public void Dispose()
    {
        engine.Dispose();
        publisher.Dispose();
        sockets.Dispose();
    }

    private void Received(Channel channel, NetMQMessage frames)
    {
        try
        {
            var request = wire.Decode(frames, channel);
            if (channel == Channel.Stdin)
            {
                if (request.MessageType == "input_reply") input.Answer(request);
                else KernelLog.Write($"A {request.MessageType} on the stdin channel was dropped.");
            }
            else if (request.MessageType == "execute_request" && channel == Channel.Shell) Executions.Add(request);
            else (channel == Channel.Control ? commands : questions).Writer.TryWrite(request);
        }
        catch (BadMessageException error) { KernelLog.Write($"A message on the {channel} channel was dropped: "
            + $"{error.Message}."); }
        catch (Exception error) { KernelLog.Write($"A message on the {channel} channel was dropped: {error}"); }
    }

    private async Task AnswerAsync(ChannelReader<Request> requests)
    {
        await foreach (var request in requests.ReadAllAsync())
        {
            publisher.Status(request, "busy");
            try { await AnswerAsync(request); }
            catch (BadMessageException error) { KernelLog.Write($"A message on the {request.Channel} channel was "
                + $"dropped: {error.Message}."); }
            catch (Exception error)
            {
                KernelLog.Write($"A {request.MessageType} failed inside the kernel: {error}");
                Reply(request, new JsonObject { ["status"] = "error", ["ename"] = error.GetType().Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray() });
            }
            publisher.Status(request, "idle");
            Executions.SayStillBusy();
        }
    }

    private async Task AnswerAsync(Request request)
    {
        switch (request.MessageType)
        {
            case "kernel_info_request":
                Reply(request, KernelInfo());
                break;
            case "is_complete_request":
                Reply(request, Completeness.Of(Contents.Of<IsCompleteContent>(request).Code));
                break;
            case "complete_request":
                Reply(request, await code.CompleteAsync(Contents.Of<CompleteContent>(request)));
                break;
            case "inspect_request":
                Reply(request, await code.InspectAsync(Contents.Of<InspectContent>(request)));
                break;
            case "history_request":
                Reply(request, history.Find(Contents.Of<HistoryContent>(request)));
                break;
            case "comm_info_request":
                Reply(request, new JsonObject { ["status"] = "ok", ["comms"] = new JsonObject() });
                break;
            case "comm_open":
                // Nothing here talks to widgets: closing at once tells the front end so.
                publisher.Publish(request, "comm_close", new JsonObject { ["comm_id"] = Contents.Of<CommOpenContent>(request).CommId, ["data"] = new JsonObject() });
                break;
            case "comm_msg" or "comm_close":
                break;
            case "interrupt_request":
                engine.Interrupt();
                Reply(request, new JsonObject { ["status"] = "ok" });
                break;
            case "shutdown_request":
                var restart = Contents.Of<ShutdownContent>(request).Restart;
                JsonObject Content() => new() { ["status"] = "ok", ["restart"] = restart };
                Reply(request, Content());
                publisher.Publish(request, "shutdown_reply", Content());
                // After the idle status.
                _ = Task.Delay(50).ContinueWith(_ => shutdown.TrySetResult(restart), TaskScheduler.Default);
                break;
            default:
                KernelLog.Write($"A message of the unknown type {request.MessageType} was dropped.");
                break;
        }
    }

    private void Reply(Request request, JsonObject content) =>
        publisher.Reply(request, request.MessageType.Replace("_request", "_reply"), content);

    private static JsonObject KernelInfo() => new()
    {
        ["status"] = "ok",
        ["protocol_version"] = Wire.ProtocolVersion,
        ["implementation"] = "imagegen",
        ["implementation_version"] = typeof(KernelServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "1",
        ["banner"] = $"C# on .NET {Environment.Version}",
        ["language_info"] = new JsonObject
        {
            ["name"] = "C#",
            ["version"] = "14.0",
            ["mimetype"] = "text/x-csharp",
            ["file_extension"] = ".cs",
            ["pygments_lexer"] = "csharp",
        },
        ["help_links"] = new JsonArray(
            new JsonObject { ["text"] = "C# reference", ["url"] = "https://learn.microsoft.com/dotnet/csharp/" }),
        ["debugger"] = false,
    };
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Outputs;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Runs the cells of one C# notebook: state across cells, outputs to a sink, interruptible. It knows no protocol and no
/// file format; what talks to people stands on top of it.
/// </summary>
/// <param name="folder">The notebook's folder: <c>#r</c> and <c>#load</c> are relative to it.</param>
public sealed class NotebookEngine(string folder) : IDisposable
{
    private readonly string folder = Path.GetFullPath(folder);
    private readonly References references = new(Path.GetFullPath(folder));
    private readonly CellErrors errors = new(Path.GetFullPath(folder));
    private readonly SemaphoreSlim oneCell = new(1);
    private readonly Lock gate = new();
    private CellThread thread = new();
    private Task<ScriptSession>? session;
    private RunningCell? running;

    /// <summary>
    /// Called on the cells' thread as each cell begins, with its number and its code, as if the cell called it; what it
    /// returns is disposed of when the cell ends.
    /// </summary>
    public Func<int, string, IDisposable?>? CellStarting { get; init; }

    /// <summary>Cells executed so far.</summary>
    public int ExecutionCount { get; private set; }

    /// <summary>Starts the compiler ahead of the first cell, in the background.</summary>
    public Task WarmUpAsync() => Session();

    /// <summary>Runs a cell after those before it have ended.</summary>
    /// <param name="code">Its text.</param>
    /// <param name="sink">Takes its outputs, the error included, while it runs and later; answers
    /// <c>Console.ReadLine</c>
    /// if it is an <see cref="IInputSource"/> too.</param>
    /// <param name="counted">Whether it gets a number of its own, as cells do and a question aside does not.</param>
    public async Task<CellResult> ExecuteAsync(string code, IOutputSink sink, bool counted = true)
    {
        await oneCell.WaitAsync();
        try { return await RunAsync(code, sink, counted); }
        finally { oneCell.Release(); }
    }

    /// <summary>Stops the running cell, if there is one, and keeps all that the cells before it made.</summary>
    /// <remarks>A second call does not wait for the cell to stop by itself.</remarks>
    public void Interrupt()
    {
        lock (gate) running?.Interrupt();
    }

    /// <summary>Deletes what the engine kept on disk and ends its thread.</summary>
    public void Dispose()
    {
        Interrupt();
        thread.Dispose();
        references.Dispose();
    }

    /// <summary>The C# of the cells so far, for those who answer questions about it.</summary>
    internal Task<ScriptSession> Session() => session ??= Task.Run(() => new ScriptSession(folder, references));

    private async Task<CellResult> RunAsync(string code, IOutputSink sink, bool counted)
    {
        ConsoleCapture.Install();
        var number = counted ? ++ExecutionCount : ExecutionCount;
        var watch = Stopwatch.StartNew();
        errors.Remember(number, code.ReplaceLineEndings("\n"), []);
        using var cell = new RunningCell(thread, sink);
        lock (gate) running = cell;
        ErrorOutput? error = null;
        var status = CellStatus.Ok;
        try
        {
            var body = thread.RunAsync(async () => error = await BodyAsync(code, number, cell), cell.Stop);
            if (await Task.WhenAny(body, cell.GivenUp) == body) await body;
            else status = CellStatus.Abandoned;
            // Without an error the cell ended as it wanted, interrupted or not.
            if (status == CellStatus.Ok && error is not null)
                status = cell.IsInterrupted ? CellStatus.Interrupted : CellStatus.Failed;
        }
        catch (OperationCanceledException) { status = CellStatus.Interrupted; }
        finally
        {
            lock (gate) running = null;
        }

        if (status == CellStatus.Interrupted)
            error = CellErrors.Plain("Interrupted", "Interrupted. What was made before is kept.");
        if (status == CellStatus.Abandoned)
        {
            error = CellErrors.Plain("Abandoned", "This cell did not stop and was left behind. What the cells before "
                + "it made is kept; restart the kernel to free what it holds.");
            thread.Dispose();
            thread = new CellThread();
        }
        if (error is not null) cell.Context.Emit(error);
        return new CellResult(status, number, watch.Elapsed, error);
    }

    // On the cell thread. Returns the error to show, null when all went well.
    private async Task<ErrorOutput?> BodyAsync(string code, int number, RunningCell cell)
    {
        cell.Enter();
        try
        {
            using var surroundings = CellStarting?.Invoke(number, code);
            var since = 0L;
            foreach (var part in CellParser.Parse(code))
                if (part is { Language: CellLanguage.Magic, Text: MagicCommands.Time })
                    since = Stopwatch.GetTimestamp();
                else if (part.Language == CellLanguage.Magic) Show(
                    cell, MagicCommands.Answer(part.Text, (await Session()).Variables));
                else if (part.Language == CellLanguage.Markdown) cell.Context.DisplayAs(part.Text, "text/markdown");
                else if (part.Language == CellLanguage.Html) cell.Context.DisplayAs(part.Text, "text/html");
                else if (await RunCSharpAsync(part, number, cell) is { } error) return error;
            if (since > 0) Show(cell, MagicCommands.Elapsed(Stopwatch.GetElapsedTime(since)));
            return null;
        }
        catch (Exception error) { return errors.Thrown(error, number); }
    }

    // A package serves without what it brings for notebooks, too: what fails there is told, and the cell goes on.
    private async Task RunExtensionAsync(string file, int number, RunningCell cell)
    {
        string? fault = null;
        try
        {
            if (Path.GetExtension(file) == ".dll") await PackageExtensions.RunAsync(file);
            else
                foreach (var part in CellParser.Parse(PackageExtensions.Cells(file)).Where(part => part.Language == CellLanguage.CSharp))
                    fault ??= (await RunCSharpAsync(part, number, cell))?.Text;
        }
        catch (Exception error) when (error is not OperationCanceledException) { fault = (error.InnerException ?? error).Message; }
        if (fault is null) return;
        var package = Path.GetFileName(Path.GetFullPath(Path.Combine(file, "..", "..", "..", "..")));
        cell.Context.DisplayStandardError($"What the package {package} brings for notebooks does not run here: {fault.Split('\n')[0]}\n");
    }

    private static void Show(RunningCell cell, JsonObject bundle) =>
        cell.Context.Emit(new DisplayOutput(Guid.NewGuid().ToString("N"), bundle));

    private async Task<ErrorOutput?> RunCSharpAsync(CellPart part, int number, RunningCell cell)
    {
        var script = await Session();
        foreach (var request in part.References)
        {
            try { script.Add(await references.AddAsync(request, cell.Token)); }
            catch (NotebookException error) { return CellErrors.Plain(nameof(NotebookException), error.Message, request.Line); }
        }
        while (references.Extensions.TryDequeue(out var extension)) await RunExtensionAsync(extension, number, cell);
        var (guarded, insertions) = CellGuard.Add(part.Text);
        errors.Remember(number, part.Text, insertions);
        var outcome = await script.RunAsync(guarded, CellErrors.NameOf(number), cell.Token);
        if (outcome.Errors.Count > 0) return errors.Compile(outcome.Errors, number);
        // A cell that was left behind may end one day: by then the notebook has gone on without it.
        if (!cell.GivenUp.IsCompleted) script.Keep(outcome);
        if (outcome.Warnings.Count > 0)
            cell.Context.Emit(new StreamOutput(IsError: true, errors.Advice(outcome.Warnings, number)));
        if (outcome.Thrown is not null) return errors.Thrown(outcome.Thrown, number);
        // What display(…) returns has been shown already.
        if (outcome.HasValue && outcome.Value is not DisplayedValue)
            cell.Context.Emit(new ResultOutput(MimeBundle.From(outcome.Value)));
        return null;
    }
}

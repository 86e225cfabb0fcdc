using System.Diagnostics;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Runs the cells of one C# notebook: state across cells, outputs to a sink, interruptible. It knows no protocol and no
/// file format; what talks to people stands on top of it.
/// </summary>
/// <param name="folder">The notebook's folder: <c>#r</c> and <c>#load</c> are relative to it.</param>
public sealed class NotebookEngine(string folder) : IDisposable
{
    // An interrupt first asks (the cell's token), then aborts, then gives the cell up.
    private static readonly TimeSpan PatienceForAny = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PatienceForToken = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatienceForAbort = TimeSpan.FromSeconds(2);

    private readonly string folder = Path.GetFullPath(folder);
    private readonly References references = new(Path.GetFullPath(folder));
    private readonly CellErrors errors = new(Path.GetFullPath(folder));
    private readonly SemaphoreSlim oneCell = new(1);
    private readonly Lock gate = new();
    private CellThread thread = new();
    private Task<ScriptSession>? session;
    private RunningCell? running;

    /// <summary>Cells executed so far.</summary>
    public int ExecutionCount { get; private set; }

    /// <summary>Starts the compiler ahead of the first cell, in the background.</summary>
    public Task WarmUpAsync() => Session();

    /// <summary>Runs a cell after those before it have ended.</summary>
    /// <param name="code">Its text.</param>
    /// <param name="sink">Takes its outputs, the error included, while it runs and later; answers <c>Console.ReadLine</c>
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
        errors.Remember(number, code);
        using var cell = new RunningCell();
        lock (gate) running = cell;
        var context = new KernelInvocationContext(sink, cell.Token);
        ErrorOutput? error = null;
        var status = CellStatus.Ok;
        try
        {
            var body = thread.RunAsync(async () => error = await BodyAsync(code, number, context, cell), cell.Abort);
            if (await Task.WhenAny(body, cell.GivenUp) == body) await body;
            else status = CellStatus.Abandoned;
            if (error is not null) status = cell.Token.IsCancellationRequested ? CellStatus.Interrupted : CellStatus.Failed;
        }
        catch (OperationCanceledException)
        {
            status = CellStatus.Interrupted;
            RenewThread(); // The runtime aborts a thread only once.
        }
        finally
        {
            lock (gate) running = null;
        }

        if (status == CellStatus.Interrupted) error = CellErrors.Plain("Interrupted", "Interrupted. What the cells before this one made is kept.");
        if (status == CellStatus.Abandoned)
        {
            error = CellErrors.Plain("Abandoned", "This cell did not stop and was left behind. What the cells before it made is kept; restart the kernel to free what it holds.");
            RenewThread();
        }
        if (error is not null) context.Emit(error);
        return new CellResult(status, number, watch.Elapsed, error);
    }

    private void RenewThread()
    {
        thread.Dispose();
        thread = new CellThread();
    }

    // On the cell thread. Returns the error to show, null when all went well.
    private async Task<ErrorOutput?> BodyAsync(string code, int number, KernelInvocationContext context, RunningCell cell)
    {
        KernelInvocationContext.Current = context;
        using var scope = cell.Scope = CellScope.Enter(cell.Token);
        try
        {
            foreach (var part in CellParser.Parse(code))
                if (part.Language == CellLanguage.Markdown) context.DisplayAs(part.Text, "text/markdown");
                else if (part.Language == CellLanguage.Html) context.DisplayAs(part.Text, "text/html");
                else if (await RunCSharpAsync(part, number, context, cell.Token) is { } error) return error;
            return null;
        }
        catch (Exception error) when (error is not ThreadAbortException) { return errors.Thrown(error, number); }
    }

    private async Task<ErrorOutput?> RunCSharpAsync(CellPart part, int number, KernelInvocationContext context, CancellationToken stop)
    {
        var script = await Session();
        foreach (var request in part.References)
        {
            try { script.Add(await references.AddAsync(request, stop)); }
            catch (CourseException error) { return CellErrors.Plain(nameof(CourseException), error.Message, request.Line); }
        }
        var outcome = await script.RunAsync(part.Text, CellErrors.NameOf(number), stop);
        if (outcome.Errors.Count > 0) return errors.Compile(outcome.Errors, number);
        if (outcome.Thrown is not null) return errors.Thrown(outcome.Thrown, number);
        if (outcome.HasValue) context.Emit(new ResultOutput(MimeBundle.From(outcome.Value)));
        return null;
    }

    /// <summary>The cell that is running and the ways to end it, from gentle to rough.</summary>
    private sealed class RunningCell : IDisposable
    {
        private readonly CancellationTokenSource token = new(), abort = new();
        private readonly TaskCompletionSource givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool asked, ended;

        public CancellationToken Token => token.Token;

        public CancellationToken Abort => abort.Token;

        public Task GivenUp => givenUp.Task;

        public CellScope? Scope { get; set; }

        // Never waits: canceling runs callbacks of the cell's own code, and aborting blocks until the thread has ended.
        public void Interrupt()
        {
            if (asked) _ = AbortAsync(TimeSpan.Zero);
            else
            {
                asked = true;
                _ = token.CancelAsync();
                _ = AbortAsync(PatienceForAny);
            }
        }

        public void Dispose() => ended = true;

        private async Task AbortAsync(TimeSpan patience)
        {
            await Task.Delay(patience);
            if (patience > TimeSpan.Zero && Scope is { TokenWasRead: true }) await Task.Delay(PatienceForToken);
            if (ended) return;
            _ = abort.CancelAsync();
            await Task.Delay(PatienceForAbort);
            if (!ended) givenUp.TrySetResult();
        }
    }
}

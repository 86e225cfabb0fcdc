using System.Diagnostics;
using ImageGen.Kernel.Outputs;
using Microsoft.DotNet.Interactive;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// A cell that is running and the ways to end it, from gentle to rough: ask, stop its code, wake it, leave it behind.
/// </summary>
internal sealed class RunningCell : IDisposable
{
    // Code that asked for the token is trusted to end by itself, with what it has; a step of a training takes its time.
    private static readonly TimeSpan PatienceForToken = TimeSpan.FromSeconds(5);
    // A wait this long is no step: the cell sleeps, or waits for what does not come.
    private static readonly TimeSpan PatienceForWaits = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PatienceForGuards = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PatienceForWaking = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(1);

    private readonly CellThread thread;
    private readonly CancellationTokenSource token = new(), stop = new();
    private readonly TaskCompletionSource givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int interrupts, stopped;
    private volatile bool ended;

    public RunningCell(CellThread thread, IOutputSink sink)
    {
        this.thread = thread;
        Context = new KernelInvocationContext(sink, token.Token);
    }

    /// <summary>The cell as its own code sees it.</summary>
    public KernelInvocationContext Context { get; }

    /// <summary>Asks the cell to end.</summary>
    public CancellationToken Token => token.Token;

    /// <summary>Leaves the cell's awaits.</summary>
    public CancellationToken Stop => stop.Token;

    /// <summary>Completes when nothing has helped.</summary>
    public Task GivenUp => givenUp.Task;

    /// <summary>Whether the student has interrupted the cell.</summary>
    public bool IsInterrupted => Volatile.Read(ref interrupts) > 0;

    /// <summary>Enters the cell on its thread.</summary>
    public void Enter()
    {
        Displays.Listen();
        KernelInvocationContext.Current = Context;
    }

    /// <summary>Interrupts. Returns at once; a second call does not wait for the cell to end by itself.</summary>
    public void Interrupt()
    {
        // Not Cancel: it runs the callbacks of the cell's own code here.
        if (Interlocked.Increment(ref interrupts) == 1) _ = token.CancelAsync();
        var isTrusted = interrupts == 1 && Context.TokenWasRead;
        _ = StopAsync(isTrusted ? PatienceForToken : TimeSpan.Zero);
    }

    public void Dispose() => ended = true;

    // Over early where the cell's thread does nothing but wait.
    private async Task WaitForEndAsync(TimeSpan patience)
    {
        var begun = Stopwatch.GetTimestamp();
        var waitsSince = begun;
        while (!ended && Stopwatch.GetElapsedTime(begun) < patience && Stopwatch.GetElapsedTime(waitsSince) < PatienceForWaits)
        {
            await Task.Delay(Glance);
            if (!thread.IsWaiting) waitsSince = Stopwatch.GetTimestamp();
        }
    }

    private async Task StopAsync(TimeSpan patience)
    {
        await WaitForEndAsync(patience);
        if (ended || Interlocked.Exchange(ref stopped, 1) == 1) return;
        Context.IsStopped = true;
        CellGuard.Raise();
        _ = stop.CancelAsync();
        await Task.Delay(PatienceForGuards);
        if (!ended)
        {
            thread.Wake();
            await Task.Delay(PatienceForWaking);
            if (!ended) givenUp.TrySetResult();
        }
        // What the cell left running elsewhere gets a moment to meet a guard. A cell left behind keeps them up.
        await Task.Delay(Aftermath);
        if (!givenUp.Task.IsCompleted) CellGuard.Lower();
    }
}

using System.Collections.Concurrent;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// The thread on which cells run, one after another; code after an <c>await</c> comes back to it.
/// </summary>
/// <remarks>One thread for all cells, because libtorch keeps settings (no_grad, dispose scopes) per thread.</remarks>
internal sealed class CellThread : IDisposable
{
    private const int Idle = 0, Busy = 1, Waking = 2, Woken = 3;

    private readonly BlockingCollection<Action> cells = [];
    private readonly Thread thread;
    private int state;

    public CellThread()
    {
        thread = new Thread(Work) { IsBackground = true, Name = "notebook cells" };
        thread.Start();
    }

    /// <summary>Runs a cell to its end.</summary>
    /// <param name="cell">The cell; what it throws is thrown by the returned task.</param>
    /// <param name="stop">
    /// Leaves the cell at its next await, or the one where it is; what it waits for is not followed up.
    /// </param>
    /// <exception cref="OperationCanceledException">It was left.</exception>
    public Task RunAsync(Func<Task> cell, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cells.Add(() =>
        {
            try
            {
                new Pump(stop).Run(cell);
                ended.SetResult();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { ended.SetCanceled(stop); }
            catch (Exception error) { ended.SetException(error); }
        });
        return ended.Task;
    }

    /// <summary>Whether the thread sleeps or waits; native code that computes does neither.</summary>
    public bool IsWaiting => (thread.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0;

    /// <summary>Ends a sleep or a wait of the running cell with an exception; without a cell, does nothing.</summary>
    public void Wake()
    {
        if (Interlocked.CompareExchange(ref state, Waking, Busy) != Busy) return;
        thread.Interrupt();
        Volatile.Write(ref state, Woken);
    }

    public void Dispose() => cells.CompleteAdding();

    private void Work()
    {
        foreach (var cell in cells.GetConsumingEnumerable())
        {
            Volatile.Write(ref state, Busy);
            try { cell(); }
            finally { EndCell(); }
        }
    }

    // An interrupt that met no wait stays with the thread: it is used up here rather than by the next cell.
    private void EndCell()
    {
        if (Interlocked.CompareExchange(ref state, Idle, Busy) == Busy) return;
        while (Volatile.Read(ref state) == Waking) Thread.SpinWait(20);
        try { Thread.Sleep(1); }
        catch (ThreadInterruptedException) { }
        Volatile.Write(ref state, Idle);
    }

    // Runs what comes back from an await. While the thread is busy in the cell's own code (`task.Result`, say), nothing
    // may wait for it, or the cell would lock itself up: then the thread pool takes the work after a moment.
    private sealed class Pump(CancellationToken stop) : SynchronizationContext
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(15);

        private readonly ConcurrentQueue<Continuation> queue = [];
        private readonly SemaphoreSlim arrived = new(0);
        private volatile bool waiting;

        public void Run(Func<Task> cell)
        {
            SetSynchronizationContext(this);
            try
            {
                var running = cell();
                running.ContinueWith(
                    _ => arrived.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
                while (!running.IsCompleted)
                {
                    waiting = true;
                    try { arrived.Wait(stop); }
                    // Meant for a wait of the cell's own; this one ends by its token.
                    catch (ThreadInterruptedException) { }
                    waiting = false;
                    while (queue.TryDequeue(out var continuation)) continuation.TryRun();
                }
                running.GetAwaiter().GetResult();
            }
            finally { SetSynchronizationContext(null); }
        }

        public override void Post(SendOrPostCallback callback, object? state)
        {
            if (stop.IsCancellationRequested && waiting) return; // The cell was left: nothing of it goes on.
            var continuation = new Continuation(callback, state);
            queue.Enqueue(continuation);
            arrived.Release();
            if (!waiting)
                _ = Task.Delay(Patience).ContinueWith(_ => continuation.TryRunElsewhere(), TaskScheduler.Default);
        }

        public override void Send(SendOrPostCallback callback, object? state) => callback(state);

        public override SynchronizationContext CreateCopy() => this;
    }

    private sealed class Continuation(SendOrPostCallback callback, object? state)
    {
        private int taken;

        public void TryRun()
        {
            if (Interlocked.Exchange(ref taken, 1) == 0) callback(state);
        }

        // What arrives here as an exception was thrown by an `async void`: told, but no reason to end the process.
        public void TryRunElsewhere()
        {
            try { TryRun(); }
            catch (Exception error) { Console.Error.WriteLine($"A background task of a cell failed: {error.Message}"); }
        }
    }
}

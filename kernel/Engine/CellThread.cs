using System.Collections.Concurrent;
using System.Runtime;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// The thread on which cells run, one after another. It can be stopped in the middle of a <c>while (true)</c>, and code
/// after an <c>await</c> comes back to it, so that it can be stopped there too.
/// </summary>
/// <remarks>One thread for all cells, because libtorch keeps settings (no_grad, dispose scopes) per thread.</remarks>
internal sealed class CellThread : IDisposable
{
    private readonly BlockingCollection<Action> cells = [];

    public CellThread() => new Thread(Work) { IsBackground = true, Name = "notebook cells" }.Start();

    /// <summary>Runs a cell to its end.</summary>
    /// <param name="cell">The cell; what it throws is thrown by the returned task.</param>
    /// <param name="stop">Stops it: an await is left, running code aborted. Cancel with CancelAsync, as this blocks.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public Task RunAsync(Func<Task> cell, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cells.Add(() =>
        {
            try
            {
                Task? running = null;
                // The runtime's own way to abort a thread, made for exactly this: running code that a person typed.
#pragma warning disable SYSLIB0046
                ControlledExecution.Run(() => running = new Pump(stop).Run(cell), stop);
#pragma warning restore SYSLIB0046
                running!.GetAwaiter().GetResult();
                ended.SetResult();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { ended.SetCanceled(stop); }
            catch (Exception error) { ended.SetException(error); }
        });
        return ended.Task;
    }

    public void Dispose() => cells.CompleteAdding();

    private void Work()
    {
        foreach (var cell in cells.GetConsumingEnumerable()) cell();
    }

    // Runs what comes back from an await. While the thread is busy in the cell's own code (`task.Result`, say), nothing
    // may wait for it, or the cell would lock itself up: then the thread pool takes the work after a moment.
    private sealed class Pump(CancellationToken stop) : SynchronizationContext
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(15);

        private readonly ConcurrentQueue<Continuation> queue = [];
        private readonly SemaphoreSlim arrived = new(0);
        private volatile bool waiting;

        public Task Run(Func<Task> cell)
        {
            SetSynchronizationContext(this);
            try
            {
                var running = cell();
                running.ContinueWith(_ => arrived.Release(), TaskContinuationOptions.ExecuteSynchronously);
                while (!running.IsCompleted)
                {
                    waiting = true;
                    arrived.Wait(stop);
                    waiting = false;
                    while (queue.TryDequeue(out var continuation)) continuation.TryRun();
                }
                return running;
            }
            finally { SetSynchronizationContext(null); }
        }

        public override void Post(SendOrPostCallback callback, object? state)
        {
            var continuation = new Continuation(callback, state);
            queue.Enqueue(continuation);
            arrived.Release();
            if (!waiting) _ = Task.Delay(Patience).ContinueWith(_ => continuation.TryRunElsewhere(), TaskScheduler.Default);
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

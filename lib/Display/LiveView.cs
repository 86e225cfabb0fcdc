using System.Diagnostics;
using ImageGen.Training;

namespace ImageGen.Display;

/// <summary>
/// Watches a training in one place of the page: a bar, the curves, and what the model makes. Outside a notebook it stays
/// silent. Dispose it when the training is over, whatever way it ended: that draws the final state, which the saved
/// notebook keeps.
/// </summary>
/// <example><c>var result = LiveView.Watch("Style transfer", view => trainer.Run(view));</c></example>
/// <remarks>
/// A report only notes its numbers. Pictures are drawn on another thread, at most two a second, one at a time, and seldom
/// enough that drawing takes no more than a fiftieth of the machine from the training.
/// </remarks>
public sealed class LiveView : IProgress<TrainingProgress>, IDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(0.5), LongestPause = TimeSpan.FromSeconds(4);

    private readonly string title;
    private readonly bool logLosses;
    private readonly TimeProvider clock;
    private readonly Action<Drawing>? show;
    private readonly Lock gate = new();
    private readonly LiveHistory history = new();
    private Task drawing = Task.CompletedTask;
    private long lastFrame;
    private TimeSpan pause = ShortestPause;
    private bool over;

    /// <summary>Begins a view in the running cell.</summary>
    /// <param name="title">What is being trained.</param>
    /// <param name="logLosses">Draws the curves over a logarithmic axis.</param>
    public LiveView(string title, bool logLosses = true)
        : this(title, logLosses, TimeProvider.System, CellDisplay.InRunningCell() is { } place ? place.Show : null) { }

    internal LiveView(string title, bool logLosses, TimeProvider clock, Action<Drawing>? show)
    {
        (this.title, this.logLosses, this.clock, this.show) = (title, logLosses, clock, show);
        // The place is taken here, on the cell's own thread, so that it stands where the student expects it.
        show?.Invoke(LiveDrawing.Draw(title, null, [], logLosses, over: false));
        lastFrame = clock.GetTimestamp();
    }

    /// <summary>Runs a training with a view of it, and gives back what the training returns.</summary>
    /// <param name="title">What is being trained.</param>
    /// <param name="training">Starts the training; the view is to be its <see cref="IProgress{T}"/>.</param>
    public static T Watch<T>(string title, Func<LiveView, T> training)
    {
        using var view = new LiveView(title);
        return training(view);
    }

    /// <summary>Notes a step; the page follows when it may.</summary>
    public void Report(TrainingProgress value)
    {
        if (show is null) return;
        lock (gate)
        {
            if (over) return;
            history.Add(value);
            if (!drawing.IsCompleted || clock.GetElapsedTime(lastFrame) < pause) return;
            lastFrame = clock.GetTimestamp();
            drawing = Task.Run(() => DrawNext(last: false));
        }
    }

    /// <summary>Draws the final state and ends the view. Later reports and calls do nothing.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (over) return;
            over = true;
        }
        if (show is null) return;
        try
        {
            drawing.Wait();
        }
        catch (AggregateException)
        {
            // A frame that could not be shown must not stop the training; the last one below tells if there is trouble.
        }
        DrawNext(last: true);
    }

    private void DrawNext(bool last)
    {
        var watch = Stopwatch.StartNew();
        TrainingProgress? latest;
        IReadOnlyList<Series> curves;
        lock (gate)
        {
            latest = history.Latest;
            curves = latest is null ? [] : history.Curves();
        }
        show!(LiveDrawing.Draw(title, latest, curves, logLosses, last));
        var rest = watch.Elapsed * 50.0 / Environment.ProcessorCount;
        pause = rest < ShortestPause ? ShortestPause : rest > LongestPause ? LongestPause : rest;
    }
}

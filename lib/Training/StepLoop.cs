using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>The losses of a run, one row a step.</summary>
/// <param name="Names">What each column is.</param>
/// <param name="Steps">Row by row, in the order of <paramref name="Names"/>.</param>
public sealed record LossHistory(IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<double>> Steps)
{
    /// <summary>One column: a loss over the steps.</summary>
    /// <exception cref="KeyNotFoundException">No loss has this name.</exception>
    public IReadOnlyList<double> this[string name]
    {
        get
        {
            for (var i = 0; i < Names.Count; i++)
                if (Names[i] == name) return [.. Steps.Select(step => step[i])];
            throw new KeyNotFoundException($"There is no loss '{name}'; there are {string.Join(", ", Names)}.");
        }
    }
}

/// <summary>What a loop leaves behind.</summary>
/// <param name="Losses">Every step's losses.</param>
/// <param name="Elapsed">Time from the first step to the last.</param>
/// <param name="Cancelled">Whether it was asked to stop before its last step.</param>
public sealed record LoopResult(LossHistory Losses, TimeSpan Elapsed, bool Cancelled)
{
    private const string LossesKey = "losses", SecondsKey = "seconds";

    /// <summary>As tensors, for a lesson that is stopped later.</summary>
    internal Dictionary<string, Tensor> ToTensors() => new()
    {
        [LossesKey] = tensor([.. Losses.Steps.SelectMany(step => step)], [Losses.Steps.Count, Losses.Names.Count]),
        [SecondsKey] = tensor([Elapsed.TotalSeconds]),
    };

    /// <summary>The same back again; who watches sees all steps at once.</summary>
    internal static LoopResult Of(WeightFile file, IReadOnlyList<string> lossNames, IProgress<TrainingProgress>? progress = null, Func<Picture?>? sample = null)
    {
        using var scope = NewDisposeScope();
        double[][] rows = [.. file.Read(LossesKey).data<double>().ToArray().Chunk(lossNames.Count)];
        var elapsed = Durations.OfSeconds(file.Read(SecondsKey).data<double>()[0]);
        for (var i = 0; progress is not null && i < rows.Length; i++)
            progress.Report(new(i + 1, rows.Length, elapsed, [.. lossNames.Zip(rows[i], (name, value) => new NamedValue(name, value))], i + 1 == rows.Length ? sample?.Invoke() : null));
        return new(new(lossNames, rows), elapsed, Cancelled: false);
    }
}

/// <summary>When a loop keeps its state.</summary>
/// <param name="Every">After every so many steps, at least 1; and after the last.</param>
/// <param name="Save">Keeps it; told how many steps are done.</param>
public sealed record Saving(int Every, Action<int> Save);

/// <summary>
/// The loop around every trainer: it counts, times, reports at most twice a second, and stops when asked. Losses stay
/// tensors until a report is due, so that no step waits for a number that nobody looks at.
/// </summary>
/// <param name="steps">Steps planned in all, at least 1.</param>
/// <param name="lossNames">The names of the numbers that each step gives.</param>
/// <param name="progress">Who watches; may be nobody.</param>
/// <param name="cancellation">
/// Stops the loop before the next step, with what there is; so does the notebook's stop button.
/// </param>
public sealed class StepLoop(
    int steps, IReadOnlyList<string> lossNames, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
{
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the steps.</summary>
    /// <param name="step">
    /// Does step 1, 2, … and returns its losses, <c>[lossNames.Count]</c>. Each step has a dispose scope around it: what
    /// must outlive the step is the step's own affair.
    /// </param>
    /// <param name="sample">Makes a small picture of the current state; called only for a report.</param>
    /// <param name="done">Steps done before, by the training that this one goes on with.</param>
    /// <param name="save">Keeps the state after a step; never called with losses that are not numbers.</param>
    /// <param name="kept">The losses of all steps, <c>[steps, lossNames.Count]</c> float64, with those of the steps done before; new ones when null.</param>
    /// <returns>The losses of the steps done now, or all that are kept.</returns>
    /// <exception cref="CourseException">A loss is not a number or infinite. What was saved before stays as it was.</exception>
    public LoopResult Run(Func<int, Tensor> step, Func<Picture?>? sample = null, int done = 0, Saving? save = null, Tensor? kept = null)
    {
        var interrupted = CellScope.Token;
        var clock = Stopwatch.StartNew();
        var lastReport = TimeSpan.Zero;
        var began = done;
        var first = kept is null ? began : 0; // the step before the first row
        using var losses = kept?.alias() ?? zeros([Math.Max(1, steps - first), lossNames.Count], ScalarType.Float64);
        // Who watches sees the steps of before at once, and the curve whole.
        for (var row = first; progress is not null && row < began; row++)
            progress.Report(new(row + 1, steps, TimeSpan.Zero, Named(Row(losses, row)), row + 1 == steps ? sample?.Invoke() : null));
        while (done < steps && !cancellation.IsCancellationRequested && !interrupted.IsCancellationRequested)
        {
            using var scope = NewDisposeScope();
            var values = step(done + 1);
            using (no_grad()) losses[done - first].copy_(values);
            done++;
            var reports = progress is not null && (done == began + 1 || done == steps || clock.Elapsed - lastReport >= BetweenReports);
            var saves = save is not null && done < steps && done % save.Every == 0;
            // On a GPU every look waits for all work before it, so there the numbers are looked at only when someone needs them.
            if (values.device_type == DeviceType.CPU || reports || saves || done == steps) StopAtNonsense(Row(losses, done - 1 - first), done);
            if (saves) save!.Save(done);
            if (!reports) continue;
            lastReport = clock.Elapsed;
            progress!.Report(new(done, steps, lastReport, Named(Row(losses, done - 1 - first)), sample?.Invoke()));
        }
        if (done > began) save?.Save(done);
        var rows = Enumerable.Range(0, done - first).Select(i => (IReadOnlyList<double>)Row(losses, i)).ToList();
        return new(new(lossNames, rows), clock.Elapsed, Cancelled: done < steps);
    }

    private void StopAtNonsense(double[] row, int step)
    {
        for (var i = 0; i < row.Length; i++)
            if (!double.IsFinite(row[i]))
                throw new CourseException($"Training stopped at step {step}: the loss '{lossNames[i]}' is {(double.IsNaN(row[i]) ? "not a number" : "infinite")}. Lower the learning rate, or go on from the last checkpoint.");
    }

    private List<NamedValue> Named(double[] row) => [.. row.Select((value, i) => new NamedValue(lossNames[i], value))];

    private static double[] Row(Tensor losses, int index)
    {
        using var row = losses[index];
        return row.data<double>().ToArray();
    }
}

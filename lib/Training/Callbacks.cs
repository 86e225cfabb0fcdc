using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>Sets an optimizer's learning rate before each step.</summary>
/// <param name="optimizer">The optimizer.</param>
/// <param name="rate">From a step, counted from 1, to its rate; see <see cref="LearningRates"/>.</param>
public sealed class LearningRateSchedule(OptimizerHelper optimizer, Func<int, double> rate) : Callback
{
    /// <inheritdoc/>
    public override void BeforeStep(TrainingLoop loop, int step) => optimizer.SetRate(rate(step));
}

/// <summary>
/// Seeds torch before each step, from the training's seed and the step's number: step n draws the same numbers whether
/// or not the training was interrupted before it.
/// </summary>
/// <param name="seed">The training's.</param>
public sealed class StepSeeds(int seed) : Callback
{
    /// <inheritdoc/>
    public override void BeforeStep(TrainingLoop loop, int step) => manual_seed(Seeds.At(seed, step));
}

/// <summary>Ends the loop before its next step when somebody cancels.</summary>
/// <param name="token">By this.</param>
public sealed class Cancellation(CancellationToken token) : Callback
{
    /// <inheritdoc/>
    public override bool Stops => token.IsCancellationRequested;
}

/// <summary>Saves the state every so many steps and at the end; losses that are not numbers are never saved.</summary>
/// <param name="file">The file; nothing is saved when null.</param>
/// <param name="every">Steps between two saves, at least 1.</param>
public sealed class StateSaving(string? file, int every) : Callback
{
    private int began;

    /// <inheritdoc/>
    public override int Order => 1;

    /// <inheritdoc/>
    public override void Begin(TrainingLoop loop) => began = loop.State.Step;

    /// <inheritdoc/>
    public override void AfterStep(TrainingLoop loop)
    {
        if (file is null || loop.State.Step == loop.Steps || loop.State.Step % every != 0) return;
        loop.Losses.RequireFinite();
        loop.State.Save(file);
    }

    /// <inheritdoc/>
    public override void End(TrainingLoop loop)
    {
        if (file is null || loop.State.Step == began) return;
        loop.Losses.RequireFinite();
        loop.State.Save(file);
    }
}

/// <summary>Takes the next batch before each step, from the step on at which the training begins.</summary>
/// <param name="batches">All of them.</param>
public sealed class BatchFeed(Batches batches) : Callback, IDisposable
{
    private IEnumerator<PictureBatch>? ahead;

    /// <summary>The step's batch; it dies with the step.</summary>
    public PictureBatch Current => ahead!.Current;

    /// <inheritdoc/>
    public override void BeforeStep(TrainingLoop loop, int step)
    {
        ahead ??= batches.From(step - 1).GetEnumerator();
        ahead.MoveNext();
    }

    /// <inheritdoc/>
    public void Dispose() => ahead?.Dispose();
}

/// <summary>Reports the first and the last step, and those between at most twice a second.</summary>
/// <param name="progress">Told of the steps; may be null.</param>
/// <param name="sample">Makes a small picture of what the model can do by now; none when null.</param>
/// <param name="sampleEvery">Steps between two pictures, since they take time; 0 makes none.</param>
public sealed class ProgressReports(
    IProgress<TrainingProgress>? progress, Func<Picture?>? sample = null, int sampleEvery = 1) : Callback
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private TimeSpan lastReport;
    private int began, sampledAt = int.MinValue / 2;
    private Picture? picture;

    /// <inheritdoc/>
    public override int Order => 2;

    /// <summary>Those who watch see the losses of before at once, and so the whole curve.</summary>
    public override void Begin(TrainingLoop loop)
    {
        (began, lastReport) = (loop.State.Step, loop.State.Elapsed);
        for (var step = loop.Losses.First; step <= began; step++) Report(loop, step, samples: step == loop.Steps);
    }

    /// <inheritdoc/>
    public override void AfterStep(TrainingLoop loop)
    {
        var (step, now) = (loop.State.Step, loop.State.Elapsed);
        if (step > began + 1 && step < loop.Steps && now - lastReport < Pause) return;
        lastReport = now;
        Report(loop, step, samples: step - sampledAt >= sampleEvery || step == loop.Steps);
    }

    private void Report(TrainingLoop loop, int step, bool samples)
    {
        if (progress is null) return;
        var values = loop.Losses.Names.Zip(loop.Losses[step], (name, value) => new NamedValue(name, value)).ToList();
        if (samples && sampleEvery > 0 && sample is not null) (picture, sampledAt) = (sample(), step);
        progress.Report(new(step, loop.Steps, loop.State.Elapsed, values, picture));
    }
}

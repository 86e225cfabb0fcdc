using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>How a judge is trained.</summary>
public sealed record JudgeOptions
{
    /// <summary>Batches to see.</summary>
    public int Steps { get; init; } = 3000;

    /// <summary>Pictures in a batch; a fifth of them show combinations that generators never see.</summary>
    public int BatchSize { get; init; } = 60;

    /// <summary>AdamW's largest step; it rises over the first twentieth and then falls to nothing.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Decides the pictures, their order and their damage.</summary>
    public int Seed { get; init; } = Seeds.Default;

    internal void Check()
    {
        if (Steps < 1) throw new CourseException($"Steps is {Steps}: it must be at least 1.");
        if (BatchSize < 5) throw new CourseException($"BatchSize is {BatchSize}: it must be at least 5.");
        if (!(LearningRate > 0)) throw new CourseException($"LearningRate is {LearningRate}: it must be above 0.");
    }
}

/// <summary>
/// Trains a <see cref="FlowerJudge"/>: the cross entropy of its four answers, on pictures that were shifted, blurred,
/// made noisy and changed in contrast, as a generator's pictures may be.
/// </summary>
public sealed class JudgeTraining : IDisposable
{
    private readonly JudgeOptions options;
    private readonly FlowerBatches batches;
    private readonly AdamW optimizer;

    /// <summary>Prepares a training. Its steps follow one another, from any first one.</summary>
    /// <param name="judge">Trained in place.</param>
    /// <param name="options">How.</param>
    /// <exception cref="CourseException">An option is out of range.</exception>
    public JudgeTraining(FlowerJudge judge, JudgeOptions? options = null)
    {
        this.options = options ??= new();
        options.Check();
        Judge = judge;
        batches = new(options.BatchSize, flowers: options.Seed + 1000, order: options.Seed);
        optimizer = optim.AdamW(judge.parameters(), lr: options.LearningRate, weight_decay: 0.02);
        State = new TrainingState().Add("judge", Judge).Add("optimizer", optimizer);
    }

    /// <summary>The numbers that a step gives: the loss in nats, and the shares of right answers.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["loss", "color", "center", "background", "shape"];

    /// <summary>The judge.</summary>
    public FlowerJudge Judge { get; }

    /// <summary>Steps done, time spent, and all that is needed to go on.</summary>
    public TrainingState State { get; }

    /// <summary>Trains what is left of its steps.</summary>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="stateFile">Where to keep the state every 200 steps and at the end; nowhere when null.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    public LoopResult Run(
        IProgress<TrainingProgress>? progress = null, string? stateFile = null, CancellationToken cancellation = default) =>
        new TrainingLoop(options.Steps, LossNames, State,
        [
            new LearningRateSchedule(optimizer, Rate),
            new StateSaving(stateFile, every: 200),
            new ProgressReports(progress),
            new Cancellation(cancellation),
        ]).Run(Step);

    private double Rate(int step) =>
        options.LearningRate * LearningRates.Cosine(step, options.Steps, warmUp: Math.Max(1, options.Steps / 20));

    // What a step does depends on its number and the seed alone.
    private Tensor Step(int step)
    {
        var generator = SplitMix64.Stream((ulong)(uint)options.Seed, (ulong)step);
        var (pictures, truth) = Next(step);
        Judge.train();
        var scores = Judge.call(Harm(pictures, generator)).split([.. FlowerJudge.Kinds.Select(kinds => (long)kinds)], 1);
        var losses = scores.Select((each, i) => nn.functional.cross_entropy(each, truth[i])).ToArray();
        var loss = stack(losses).mean();
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        return stack([loss.detach(), .. scores.Select((each, i) => each.detach().argmax(1).eq(truth[i]).to(ScalarType.Float32).mean())]);
    }

    /// <summary>Pictures <c>[B, 3, 64, 64]</c>, and for each attribute what is true, <c>[B]</c>.</summary>
    private (Tensor Pictures, Tensor[] Truth) Next(int step)
    {
        var (pictures, origins) = batches.Next(step);
        var flowers = origins.Select(origin => origin.Set.Attributes(origin.Index)).ToArray();
        Tensor Truth(Func<FlowerAttributes, int> of) => tensor(flowers.Select(flower => (long)of(flower)).ToArray(), device: Compute.Device);
        return (pictures, [Truth(f => (int)f.Color), Truth(f => (int)f.Center), Truth(f => (int)f.Backdrop), Truth(f => (int)f.Shape)]);
    }

    /// <summary>What generators may do to pictures, by chance: shift, contrast and brightness, blur, noise.</summary>
    private static Tensor Harm(Tensor pictures, SplitMix64 generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = nn.functional.pad(pictures, [4, 4, 4, 4], PaddingModes.Reflect);
        var (left, top) = (generator.Next(9), generator.Next(9));
        x = x[.., .., top..(top + FlowerJudge.Side), left..(left + FlowerJudge.Side)];
        var count = (int)x.shape[0];
        // Two random quarters of the batch are blurred, each by its own amount.
        var quarter = count / 4;
        x = cat([PictureDamage.Blur(x[..quarter], generator.Between(0.4f, 1.8f)), PictureDamage.Blur(x[quarter..(2 * quarter)], generator.Between(0.4f, 1.2f)), x[(2 * quarter)..]]);
        x = x * Each(() => generator.Around(1, 0.15f)) + Each(() => generator.Around(0, 0.1f));
        x = PictureDamage.Noise(x, Each(() => generator.Chance(0.5f) ? generator.Between(0, 0.3f) : 0), (int)(generator.NextBits() & int.MaxValue));
        return x.MoveToOuterDisposeScope();

        Tensor Each(Func<float> value) =>
            tensor(Enumerable.Range(0, count).Select(_ => value()).ToArray(), [count, 1, 1, 1], device: Compute.Device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        batches.Dispose();
        optimizer.Dispose();
    }
}

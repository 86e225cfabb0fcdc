using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>How a MiniCLIP is trained.</summary>
public sealed record MiniClipOptions
{
    /// <summary>Batches to see.</summary>
    public int Steps { get; init; } = 2500;

    /// <summary>Pictures in a batch, each with one caption; a fifth of them show combinations that generators never see.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>AdamW's largest step; it rises over the first twentieth and then falls to nothing.</summary>
    public double LearningRate { get; init; } = 1.5e-3;

    /// <summary>Decides the pictures, their order and their captions.</summary>
    public int Seed { get; init; } = Seeds.Default;

    internal void Check()
    {
        if (Steps < 1) throw new CourseException($"Steps is {Steps}: it must be at least 1.");
        if (BatchSize < 5) throw new CourseException($"BatchSize is {BatchSize}: it must be at least 5.");
        if (!(LearningRate > 0)) throw new CourseException($"LearningRate is {LearningRate}: it must be above 0.");
    }
}

/// <summary>
/// Trains a <see cref="MiniClip"/> as CLIP was: in a batch of pictures and captions, each picture is to find its caption
/// among all, and each caption its picture (the symmetric InfoNCE loss; van den Oord and others, arXiv 1807.03748).
/// </summary>
/// <remarks>
/// Captions come in both wordings of Petals, so that it can judge models that know one of them only. A caption that
/// happens to fit another picture of the batch as well is no wrong answer there, and does not count as one.
/// </remarks>
public sealed class MiniClipTraining : IDisposable
{
    private readonly MiniClipOptions options;
    private readonly FlowerBatches batches;
    private readonly AdamW optimizer;

    /// <summary>Prepares a training. Its steps follow one another, from any first one.</summary>
    /// <param name="model">Trained in place.</param>
    /// <param name="options">How.</param>
    /// <exception cref="CourseException">An option is out of range.</exception>
    public MiniClipTraining(MiniClip model, MiniClipOptions? options = null)
    {
        this.options = options ??= new();
        options.Check();
        Model = model;
        batches = new(options.BatchSize, flowers: options.Seed + 2000, order: options.Seed);
        optimizer = optim.AdamW(model.parameters(), lr: options.LearningRate, weight_decay: 0.05);
        State = new TrainingState().Add("miniclip", Model).Add("optimizer", optimizer);
    }

    /// <summary>The numbers that a step gives: the loss in nats, and how often a picture finds its caption in the batch.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["loss", "right"];

    /// <summary>The model.</summary>
    public MiniClip Model { get; }

    /// <summary>All words that Petals' captions use, in both wordings.</summary>
    public static Vocabulary LearnVocabulary(int seed = Seeds.Default)
    {
        var petals = new Petals(Split.Train, 1500, seed: seed + 2000);
        return WordPieceTrainer.Learn(Enumerable.Range(0, petals.Count).SelectMany(i =>
            petals.Descriptions(i).Concat(petals.Descriptions(i, Wording.Reworded)).Select(caption => caption.Text)), size: 1000);
    }

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
        var (pictures, flowers) = batches.Next(step);
        var captions = flowers.Select(flower => Caption(flower, generator)).ToArray();
        Model.train();
        // Cosines of every picture (rows) with every caption (columns), as logits.
        var logits = Model.EmbedPictures(Shaken(pictures, generator)).matmul(Model.EmbedTexts([.. captions.Select(caption => caption.Text)]).t()) * Model.LogScale.exp();
        logits = logits.masked_fill(AlsoFits(captions, flowers), double.NegativeInfinity);
        var own = arange(flowers.Length, device: logits.device);
        var loss = (nn.functional.cross_entropy(logits, own) + nn.functional.cross_entropy(logits.t(), own)) / 2;
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        using (no_grad()) Model.LogScale.clamp_(0, Math.Log(100)); // as the paper does: beyond 100 training is unstable
        return stack([loss.detach(), logits.detach().argmax(1).eq(own).to(ScalarType.Float32).mean()]);
    }

    private static FlowerCaption Caption((Petals Set, int Index) flower, SplitMix64 generator)
    {
        var all = flower.Set.Descriptions(flower.Index, generator.Chance(0.5f) ? Wording.Usual : Wording.Reworded);
        return all[generator.Next(all.Count)];
    }

    // True where a caption (column) fits a picture (row) that is not its own.
    private static Tensor AlsoFits(FlowerCaption[] captions, (Petals Set, int Index)[] flowers)
    {
        var truth = flowers.Select(flower => flower.Set.Attributes(flower.Index)).ToArray();
        var fits = new bool[captions.Length * captions.Length];
        for (var row = 0; row < captions.Length; row++)
            for (var column = 0; column < captions.Length; column++)
                fits[row * captions.Length + column] = row != column && captions[column].Fits(truth[row]);
        return tensor(fits, [captions.Length, captions.Length], device: Compute.Device);
    }

    // Light harm only: a measure of pictures must go on seeing what is wrong with them.
    private static Tensor Shaken(Tensor pictures, SplitMix64 generator)
    {
        using var scope = NewDisposeScope();
        using var deviation = tensor(Enumerable.Range(0, (int)pictures.shape[0]).Select(_ => generator.Chance(0.5f) ? generator.Between(0, 0.1f) : 0).ToArray(),
            [pictures.shape[0], 1, 1, 1], device: pictures.device);
        var x = nn.functional.pad(pictures, [3, 3, 3, 3], PaddingModes.Reflect);
        var (left, top) = (generator.Next(7), generator.Next(7));
        x = x[.., .., top..(top + MiniClip.Side), left..(left + MiniClip.Side)];
        return PictureDamage.Noise(x, deviation, (int)(generator.NextBits() & int.MaxValue)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        batches.Dispose();
        optimizer.Dispose();
    }
}

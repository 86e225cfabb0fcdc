using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>
/// Trains a generator and a discriminator against each other on captioned pictures. All chance of step n follows from
/// the seed and n, so that a training that was interrupted ends as one that was not.
/// </summary>
/// <remarks>
/// Each step draws the fakes once: the discriminator learns from a detached copy of them, then the generator from the
/// discriminator that has just learned. The real pictures' maps serve for right and wrong texts alike.
/// </remarks>
public sealed class GanTrainer : IDisposable
{
    private readonly ICaptionedPictures data;
    private readonly ICaptionEncoder encoder;
    private readonly Batches batches;
    private readonly Adam generatorSteps, discriminatorSteps;
    private readonly TrainingState state;

    /// <summary>Makes both networks.</summary>
    /// <param name="config">Their configuration; <see cref="GanConfig.TextWidth"/> must be the encoder's.</param>
    /// <param name="data">Pictures of 64×64 with captions.</param>
    /// <param name="encoder">From captions to vectors.</param>
    /// <param name="options">How to train.</param>
    /// <param name="start">
    /// A checkpoint to begin with; untrained networks when not given. Layers that read text are taken from it only when
    /// its texts are as wide as these.
    /// </param>
    /// <exception cref="CourseException">
    /// An option is out of range, the parts do not fit, or the data has fewer pictures than a batch.
    /// </exception>
    public GanTrainer(
        GanConfig config, ICaptionedPictures data, ICaptionEncoder encoder, GanOptions? options = null,
        WeightFile? start = null)
    {
        Options = (options ?? new()).Checked();
        if (config.TextWidth != encoder.Width)
            throw new CourseException($"The GAN's TextWidth is {config.TextWidth}, but the {encoder.Name} makes "
                + $"vectors of {encoder.Width}: set TextWidth to {encoder.Width}.");
        if (data.Side != 64)
            throw new CourseException($"{data.Name} has pictures of {data.Side} pixels, and the GAN draws 64: make "
                + $"the data set with side 64.");
        if (Options.PairingWeight > 0 && config.Matching != TextMatching.Projection)
            throw new CourseException($"PairingWeight is {Options.PairingWeight}, but the discriminator's matching is "
                + $"{config.Matching}: set PairingWeight to 0, or Matching to Projection.");
        (this.data, this.encoder) = (data, encoder);
        batches = new(data, new() { BatchSize = Options.BatchSize, Seed = Options.Seed });
        manual_seed(Options.Seed);
        Generator = new(config, Compute.Device);
        Discriminator = new(config, Compute.Device);
        if (start is not null) GanModel.Fill(Generator, Discriminator, start);
        Average = new(Generator, Options.EmaDecay);
        generatorSteps = optim.Adam(Generator.parameters(), Options.GeneratorRate, Options.Beta1, Options.Beta2);
        discriminatorSteps = optim.Adam(
            Discriminator.parameters(), Options.DiscriminatorRate, Options.Beta1, Options.Beta2);
        state = new TrainingState().Add("generator", Generator).Add("discriminator", Discriminator)
            .Add("average", Average)
            .Add("generator", generatorSteps).Add("discriminator", discriminatorSteps);
    }

    /// <summary>The numbers that each step reports, unweighted.</summary>
    public static IReadOnlyList<string> LossNames { get; } =
        ["real", "fake", "wrong text", "generator", "pairing", "features", "pixels", "alike"];

    /// <summary>How it trains.</summary>
    public GanOptions Options { get; }

    /// <summary>The generator as the last step left it.</summary>
    public GanGenerator Generator { get; }

    /// <summary>The discriminator as the last step left it.</summary>
    public GanDiscriminator Discriminator { get; }

    /// <summary>The generator's averaged weights.</summary>
    public Ema Average { get; }

    /// <summary>Steps done.</summary>
    public int StepsDone => state.Step;

    /// <summary>Time spent training, with what a loaded state had spent before.</summary>
    public TimeSpan Elapsed => state.Elapsed;

    /// <summary>How long training has waited for pictures.</summary>
    public TimeSpan Waited => batches.Waited;

    /// <summary>Goes on to <see cref="GanOptions.Steps"/>.</summary>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="sampler">Draws the fixed grid for reports; may be null.</param>
    /// <param name="stateFile">Where to keep the state every 250 steps and at the end; nowhere when null.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <exception cref="CourseException">A loss is not a number: the state file keeps what it had.</exception>
    public LoopResult Run(
        IProgress<TrainingProgress>? progress = null, CaptionGrid? sampler = null, string? stateFile = null,
        CancellationToken cancellation = default)
    {
        Generator.train();
        Discriminator.train();
        using var feed = new BatchFeed(batches);
        return new TrainingLoop(Options.Steps, LossNames, state,
        [
            feed,
            new LearningRateSchedule(generatorSteps, GeneratorRate),
            new LearningRateSchedule(discriminatorSteps, _ => Options.DiscriminatorRate),
            Average,
            new StateSaving(stateFile, every: 250),
            new ProgressReports(progress, sampler is null ? null : () => sampler.Draw(this)),
            new Cancellation(cancellation),
        ]).Run(step => Step(feed.Current, step));

        double GeneratorRate(int step) =>
            Options.GeneratorRate * LearningRates.Cosine(step, Options.Steps, lowest: 0.1);
    }

    /// <summary>Takes up a training where its state file left it.</summary>
    /// <exception cref="CourseException">The file is damaged, or from networks of other shapes.</exception>
    public void Resume(string stateFile) => state.Load(stateFile);

    /// <summary>Frees networks, averages and optimizers.</summary>
    public void Dispose()
    {
        generatorSteps.Dispose();
        discriminatorSteps.Dispose();
        Average.Dispose();
        Generator.Dispose();
        Discriminator.Dispose();
    }

    private Tensor Step(PictureBatch batch, int step)
    {
        using var generator = new torch.Generator((ulong)Seeds.At(Options.Seed, step));
        var texts = new TextPairs(batch, data, encoder, Options, step);
        var noise = randn([texts.ForGenerator.size(0), Generator.Config.NoiseWidth], generator: generator)
            .to(Compute.Device);
        var fakes = Generator.call(noise, texts.ForGenerator);
        var (forDiscriminator, realFeatures) = TeachDiscriminator(batch.Pictures, fakes, texts, step);
        var forGenerator = TeachGenerator(batch.Pictures, fakes, noise, texts, realFeatures, step);
        return cat([forDiscriminator, forGenerator]);
    }

    private (Tensor Losses, Tensor RealFeatures) TeachDiscriminator(
        Tensor pictures, Tensor fakes, TextPairs texts, int step)
    {
        var penalizes = Options.GradientPenaltyWeight > 0 && step % Options.GradientPenaltyEvery == 0;
        if (penalizes) pictures = pictures.detach().requires_grad_(true);
        discriminatorSteps.zero_grad();
        var features = Discriminator.Features(pictures);
        var scores = Discriminator.Score(features, texts.Right);
        var real = GanLosses.Real(scores, Options.Loss, Options.RealLabel);
        var fake = GanLosses.Fake(
            Discriminator.Score(Discriminator.Features(fakes.detach()), texts.ForGenerator), Options.Loss);
        var (wrong, loss) = (zeros(1, device: pictures.device), real + fake);
        if (Options.WrongTextWeight > 0)
        {
            wrong = GanLosses.Fake(Discriminator.Score(features, texts.Wrong!), Options.Loss);
            loss += Options.WrongTextWeight * wrong;
        }
        if (Options.PairingWeight > 0) loss += Options.PairingWeight * Pairing(features, texts);
        if (penalizes)
            loss += Options.GradientPenaltyWeight * Options.GradientPenaltyEvery
                * GanLosses.GradientPenalty(scores, pictures);
        loss.backward();
        discriminatorSteps.step();
        return (stack([real.detach(), fake.detach(), wrong.detach().squeeze()]), features.detach());
    }

    private Tensor TeachGenerator(
        Tensor pictures, Tensor fakes, Tensor noise, TextPairs texts, Tensor realFeatures, int step)
    {
        var count = pictures.size(0);
        var none = zeros(1, device: pictures.device).squeeze();
        var (pairing, matching, pixels, alike) = (none, none, none, none);
        generatorSteps.zero_grad();
        // Gradients flow through the discriminator, not into it: half of its backward pass is saved.
        foreach (var parameter in Discriminator.parameters()) parameter.requires_grad = false;
        var features = Discriminator.Features(fakes);
        var scores = Discriminator.Score(features, texts.ForGenerator);
        var adversarial = GanLosses.ForGenerator(scores.narrow(0, 0, count), Options.Loss);
        var loss = adversarial;
        if (Options.InterpolationWeight > 0)
            loss += Options.InterpolationWeight * GanLosses.ForGenerator(
                scores.narrow(0, count, texts.Between), Options.Loss);
        var own = features.narrow(0, 0, count);
        if (Options.PairingWeight > 0) loss += Options.PairingWeight * (pairing = Pairing(own, texts));
        if (Options.FeatureMatchingWeight > 0)
            loss += Options.FeatureMatchingWeight * (matching = GanLosses.FeatureMatching(own, realFeatures));
        if (Options.L1Weight > 0)
        {
            var faded = Options.L1Fade == 0 ? 1 : Math.Max(0, 1 - (double)step / Options.L1Fade);
            loss += Options.L1Weight * faded * (pixels = GanLosses.L1(fakes.narrow(0, 0, count), pictures));
        }
        if (Options.DiversityWeight > 0)
        {
            var (again, last) = (texts.Again, fakes.size(0) - texts.Again);
            // another pose or light shows here, another speckle does not
            var coarse = nn.functional.avg_pool2d(fakes, 8);
            alike = GanLosses.Diversity(
                coarse.narrow(0, 0, again), coarse.narrow(0, last, again), noise.narrow(0, 0, again),
                noise.narrow(0, last, again), Options.Diversity);
            loss += Options.DiversityWeight * alike;
        }
        loss.backward();
        generatorSteps.step();
        foreach (var parameter in Discriminator.parameters()) parameter.requires_grad = true;
        return stack([adversarial.detach(), pairing.detach(), matching.detach(), pixels.detach(), alike.detach()]);
    }

    private Tensor Pairing(Tensor features, TextPairs texts) =>
        GanLosses.Pairing(Discriminator.Pairs(features, texts.RightAndWrong!), texts.AlsoTrue!);
}

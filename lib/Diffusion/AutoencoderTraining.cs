using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How an autoencoder learns.</summary>
public sealed record AutoencoderOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 4000;

    /// <summary>
    /// After so many steps the encoder stays as it is, averaged, and the decoder goes on alone: what was trained on the
    /// latents keeps fitting, and pictures come back sharper. Null trains both to the end.
    /// </summary>
    public int? EncoderSteps { get; init; }

    /// <summary>Pictures a step, at least 1.</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>The highest rate: it rises over <see cref="WarmUp"/> steps and falls along a cosine.</summary>
    public double LearningRate { get; init; } = 1.2e-3;

    /// <summary>Steps in which the rate rises.</summary>
    public int WarmUp { get; init; } = 30;

    /// <summary>Weight of the differences between neighboring pixels, which keep edges sharp.</summary>
    public double EdgeWeight { get; init; } = 0.5;

    /// <summary>Weight of the distance between feature maps; it needs <see cref="Perception"/>.</summary>
    public double PerceptualWeight { get; init; } = 0.1;

    /// <summary>The network whose content layers judge the reconstruction; null for none.</summary>
    public FeatureNetwork? Perception { get; init; }

    /// <summary>Weight of the divergence: enough to keep the latents near normal, too little to blur.</summary>
    public double DivergenceWeight { get; init; } = 1e-4;

    /// <summary>The decay of the averaged weights.</summary>
    public double Decay { get; init; } = 0.998;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>A file for the state, saved every <see cref="SaveEvery"/> steps; null keeps none.</summary>
    public string? StateFile { get; init; }

    /// <summary>Steps between two saves.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>Steps between two sample pictures; 0 makes none.</summary>
    public int SampleEvery { get; init; } = 100;

    /// <summary>Whether to go on from <see cref="StateFile"/>.</summary>
    public bool Resume { get; init; }

    internal void Check()
    {
        if (Steps < 1) throw new CourseException($"Steps is {Steps}: it must be at least 1.");
        if (EncoderSteps < 1)
            throw new CourseException($"EncoderSteps is {EncoderSteps}: it must be at least 1, or null to train the "
                + $"encoder to the end.");
        if (LearningRate is not (> 0 and < 1))
            throw new CourseException($"LearningRate is {LearningRate}: it must be above 0 and below 1.");
        if (SaveEvery < 1) throw new CourseException($"SaveEvery is {SaveEvery}: it must be at least 1.");
        (string, double)[] weights =
        [
            (nameof(EdgeWeight), EdgeWeight), (nameof(PerceptualWeight), PerceptualWeight),
            (nameof(DivergenceWeight), DivergenceWeight),
        ];
        foreach (var (name, weight) in weights)
            if (weight is not (>= 0 and < 1e6)) throw new CourseException($"{name} is {weight}: it must be 0 or more.");
    }
}

/// <summary>
/// Trains an autoencoder: a picture goes through the latents and back, and what comes out is compared pixel by pixel,
/// edge by edge and, with a network that sees, feature by feature.
/// </summary>
public static class AutoencoderTraining
{
    /// <summary>The numbers each step reports.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["pixels", "edges", "perceptual", "divergence"];

    /// <summary>Trains a model in place and leaves the averaged weights in it, in evaluation mode.</summary>
    /// <param name="model">The model, with weights to start from.</param>
    /// <param name="pictures">What to learn.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">
    /// Told of the steps; may be null. Samples show pictures above their reconstructions.
    /// </param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <returns>The losses, and the time with that of earlier runs it went on from.</returns>
    /// <exception cref="CourseException">An option is out of range, or a loss is not a number.</exception>
    public static LoopResult Run(
        AutoencoderKL model, ICaptionedPictures pictures, AutoencoderOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        using var scope = NewDisposeScope();
        using var optimizer = optim.Adam(model.parameters(), lr: options.LearningRate, beta1: 0.9, beta2: 0.99);
        using var ema = new Ema(model, options.Decay);
        var state = new TrainingState().Add("model", model).Add("ema", ema).Add("adam", optimizer);
        state.Resume(options.Resume, options.StateFile);
        Tensor? shown = null;
        var encoderStays = false;
        var weights = tensor(
        [
            1, (float)options.EdgeWeight, options.Perception is null ? 0 : (float)options.PerceptualWeight,
            (float)options.DivergenceWeight,
        ], device: model.Device);
        var batches = new BatchOptions { BatchSize = options.BatchSize, Seed = options.Seed, Workers = 1 };
        using var feed = new BatchFeed(new(pictures, batches));
        var loop = new TrainingLoop(options.Steps, LossNames, state,
        [
            feed,
            new LearningRateSchedule(optimizer, Rate),
            new StepSeeds(options.Seed),
            ema,
            new StateSaving(options.StateFile, options.SaveEvery),
            new ProgressReports(progress, () => shown is null ? null : Compare(model, ema, shown), options.SampleEvery),
            new Cancellation(cancellation),
        ]);

        model.train();
        var result = loop.Run(Step);
        ema.CopyToModel();
        foreach (var parameter in model.parameters()) parameter.requires_grad = true;
        model.eval();
        return result;

        double Rate(int step) =>
            options.LearningRate * LearningRates.Cosine(step, options.Steps, options.WarmUp, lowest: 0.01);

        Tensor Step(int step)
        {
            var x = feed.Current.Pictures;
            shown ??= x.narrow(0, 0, Math.Min(8, x.shape[0])).clone().MoveToOuterDisposeScope();
            if (step > options.EncoderSteps && !encoderStays) encoderStays = StopEncoder(model, ema);
            var latents = model.Encode(x);
            var y = model.Decode(latents.Sample());
            var losses = stack(
                [(y - x).abs().mean(), Edges(y, x), Perceptual(y, x, options.Perception), latents.Divergence()]);
            optimizer.zero_grad();
            (losses * weights).sum().backward();
            Gradients.ClipNorm(model.parameters(), 1);
            optimizer.step();
            return losses.detach();
        }
    }

    /// <summary>
    /// How near pictures come back, in decibels: 10·log₁₀(4 / mean squared error) for values in [−1, 1]; the mean over
    /// the pictures.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="pictures">Pictures, best ones that training did not show.</param>
    /// <param name="count">How many of them.</param>
    public static double Psnr(AutoencoderKL model, ICaptionedPictures pictures, int count = 256)
    {
        using var noGrad = no_grad();
        var (sum, seen) = (0.0, 0);
        foreach (var batch in InOrder(pictures, count).Epoch())
        {
            using var scope = NewDisposeScope();
            using var x = batch.Pictures;
            var error = (model.call(x).clamp(-1, 1) - x).square().mean([1, 2, 3]);
            sum += (10 * (4 / error).log10()).sum().ToDouble();
            seen += (int)x.shape[0];
            if (seen >= count) break;
        }
        return sum / seen;
    }

    /// <summary>
    /// One over the deviation of the latents of pictures: what <see cref="AutoencoderConfig.ScalingFactor"/> should be.
    /// </summary>
    public static double MeasureScale(AutoencoderKL model, ICaptionedPictures pictures, int count = 512)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var all = new List<Tensor>();
        foreach (var batch in InOrder(pictures, count).Epoch().Take((count + 31) / 32))
        {
            using var one = NewDisposeScope();
            using var x = batch.Pictures;
            all.Add(model.Encode(x).Mean.MoveToOuterDisposeScope());
        }
        return 1 / cat(all, 0).std().ToDouble();
    }

    // From here on the encoder is what it has been on average; a training that goes on from its file finds it so
    // already.
    private static bool StopEncoder(AutoencoderKL model, Ema ema)
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in model.EncoderParameters())
        {
            parameter.copy_(ema.Averages[name]);
            parameter.requires_grad = false;
            parameter.grad = null; // Adam would go on with what is left of the last one
        }
        return true;
    }

    private static Batches InOrder(ICaptionedPictures pictures, int count) => new(pictures, new()
    {
        BatchSize = Math.Min(32, count), Shuffle = false, Augment = false, KeepRest = true, Workers = 1,
    });

    // Differences between neighbors, across and down.
    internal static Tensor Edges(Tensor y, Tensor x)
    {
        using var scope = NewDisposeScope();
        var error = y - x;
        return (error.diff(dim: 3).abs().mean() + error.diff(dim: 2).abs().mean()).MoveToOuterDisposeScope();
    }

    private static Tensor Perceptual(Tensor y, Tensor x, FeatureNetwork? network)
    {
        if (network is null) return zeros(1, device: y.device)[0];
        using var scope = NewDisposeScope();
        var layers = network.ContentLayers;
        var (made, real) = (network.Extract((y + 1) / 2, [.. layers]), network.Extract((x + 1) / 2, [.. layers]));
        var distances = layers.Select(
            layer => (made[layer] - real[layer]).square().mean() / real[layer].square().mean());
        return stack([.. distances]).mean().MoveToOuterDisposeScope();
    }

    internal static Picture Compare(AutoencoderKL model, Ema ema, Tensor x)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var averaged = ema.InPlace();
        return Grid.Of(cat([x, model.call(x)], 0), columns: (int)x.shape[0], zoom: 2, range: PixelRange.MinusOneToOne);
    }
}

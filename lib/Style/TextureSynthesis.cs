using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>The settings of <see cref="TextureSynthesis"/>; the defaults fit the current scale.</summary>
public sealed record TextureOptions
{
    /// <summary>Smaller textures and fewer steps: to compare many results, where none has to be the best.</summary>
    public static TextureOptions Quick => new()
    {
        Width = Scales.Pick(smoke: 64, small: 192, full: 256),
        Height = Scales.Pick(smoke: 64, small: 192, full: 256),
        ExampleSize = Scales.Pick(smoke: 96, small: 304, full: 400),
        Steps = Scales.Pick(smoke: 6, small: 60, full: 200),
    };

    /// <summary>Width of the new texture in pixels: 32 to 4096.</summary>
    public int Width { get; init; } = Scales.Pick(smoke: 64, small: 256, full: 384);

    /// <summary>Height of the new texture in pixels: 32 to 4096.</summary>
    public int Height { get; init; } = Scales.Pick(smoke: 64, small: 256, full: 384);

    /// <summary>
    /// The longer side of the example, in pixels, before it is measured: 32 to 4096. It is larger than the texture on
    /// purpose. At the coarsest level the Gram matrices hold more numbers than the texture has pixels; where both have
    /// one size, the example's own arrangement fits them best and comes back, though no place was ever measured.
    /// </summary>
    public int ExampleSize { get; init; } = Scales.Pick(smoke: 96, small: 400, full: 600);

    /// <summary>Steps in all, over every level: 1 to 100,000.</summary>
    public int Steps { get; init; } = Scales.Pick(smoke: 9, small: 100, full: 400);

    /// <summary>Sizes on the way from coarse to fine: 1 to 6. Small pictures use fewer.</summary>
    public int Levels { get; init; } = Scales.Pick(smoke: 2, small: 3, full: 4);

    /// <summary>What of the example's feature maps counts.</summary>
    public StyleStatistic Statistic { get; init; } = StyleStatistic.Gram;

    /// <summary>The layers whose statistics are matched; the network's own choice when null.</summary>
    public IReadOnlyList<string>? Layers { get; init; }

    /// <summary>Seeds the noise it begins with: another seed, another texture of the same kind.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>Checks every value.</summary>
    /// <exception cref="CourseException">One is out of range; the message names it.</exception>
    public void Check()
    {
        StyleTransferOptions.Within(Width, 32, 4096, nameof(Width));
        StyleTransferOptions.Within(Height, 32, 4096, nameof(Height));
        StyleTransferOptions.Within(ExampleSize, 32, 4096, nameof(ExampleSize));
        StyleTransferOptions.Within(Steps, 1, 100_000, nameof(Steps));
        StyleTransferOptions.Within(Levels, 1, 6, nameof(Levels));
    }
}

/// <summary>
/// Makes new textures like an example, from its statistics alone: style transfer with no content, begun from noise
/// (Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks", arXiv 1505.07376).
/// </summary>
public static class TextureSynthesis
{
    private static readonly string[] LossNames = ["total", "style", "range"];

    /// <summary>Makes a new texture.</summary>
    /// <param name="example">The texture to learn from.</param>
    /// <param name="network">The feature network; stays the caller's.</param>
    /// <param name="options">Settings; the defaults fit the current scale.</param>
    /// <param name="progress">Who watches: at most two reports a second, and the first and last step.</param>
    /// <param name="cancellation">Ends the run with what there is.</param>
    /// <exception cref="CourseException">An option is out of range, a layer unknown, or the example too small or too thin.</exception>
    public static StyleTransferResult Run(
        Picture example, FeatureNetwork network, TextureOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        network.CheckLayers(options.Layers ?? []);
        var (height, width) = StyleTransfer.Fit(example, options.ExampleSize, network, "example");

        using var scope = NewDisposeScope();
        var pixels = Resampler.Resize(example.ToTensor().to(network.Device), height, width).clamp(0, 1);
        using var generator = new Generator((ulong)options.Seed);
        var noise = StyleTransfer.Noise(pixels, generator, options.Height, options.Width);
        var levels = CoarseToFine.Plan(options.Height, options.Width, options.Steps, options.Levels, network.MinimumSize * 3 / 2);
        using var run = new CoarseToFine(noise, levels, LossAt, StyleOptimizer.Lbfgs, learningRate: 0);
        return StyleTransferResult.Of(run.Run(LossNames, progress, cancellation), network);

        TotalLoss LossAt(Level level)
        {
            using var levelScope = NewDisposeScope();
            var factor = (double)level.Width / options.Width;
            var least = network.MinimumSize;
            var smaller = Resampler.Resize(pixels, Math.Max(least, (int)(height * factor)), Math.Max(least, (int)(width * factor)));
            return new TotalLoss(network,
                new StyleLoss(network, smaller, options.Statistic, options.Layers), new RangePenalty(10));
        }
    }
}

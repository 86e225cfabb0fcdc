using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A text-to-image model: autoencoder, U-Net, text encoder and noise schedule. The same class is the course's own model
/// of Petals and Stable Diffusion 1.
/// </summary>
/// <param name="autoencoder">Between pictures and latents.</param>
/// <param name="unet">Predicts.</param>
/// <param name="text">Encodes prompts, to the width that the U-Net attends to.</param>
/// <param name="config">The noise schedule, and what the U-Net predicts.</param>
public sealed partial class LatentDiffusion(
    AutoencoderKL autoencoder, UNet unet, ITextConditioner text, DiffusionConfig config)
    : IDisposable
{
    // More pictures than this are made in parts: the decoder's maps of hundreds of pictures would fill the memory.
    private const int AtOnce = 64;

    private readonly NoiseSchedule schedule = config.Schedule();
    private bool warnedOfSampler; // once is enough

    /// <summary>Between pictures and latents.</summary>
    public AutoencoderKL Autoencoder => autoencoder;

    /// <summary>Predicts.</summary>
    public UNet UNet => unet;

    /// <summary>Encodes prompts.</summary>
    public ITextConditioner Text => text;

    /// <summary>The noise schedule, and what the U-Net predicts.</summary>
    public DiffusionConfig Config => config;

    /// <summary>
    /// The model that comes with the course: it draws flowers of 64×64 pixels from captions, which it reads with
    /// MiniBERT.
    /// </summary>
    /// <exception cref="CourseException">A checkpoint is missing or damaged.</exception>
    public static LatentDiffusion Pretrained() => LoadPetals(new BertConditioner(BertText.Mini(Compute.Device)));

    /// <summary>Reads the course's own checkpoints <c>autoencoder</c> and <c>unet</c>.</summary>
    /// <param name="text">The text encoder that the U-Net was trained with: MiniBERT.</param>
    /// <param name="device">Where the models go; the course's device when null.</param>
    /// <exception cref="CourseException">A checkpoint is missing or damaged.</exception>
    public static LatentDiffusion LoadPetals(ITextConditioner text, Device? device = null)
    {
        device ??= Compute.Device;
        using var pictures = Checkpoints.Open("autoencoder");
        using var weights = Checkpoints.Open("unet");
        var config = weights.Metadata.TryGetValue(DiffusionConfig.Note, out var note)
            ? DiffusionConfig.FromJson(note, weights.Path) : DiffusionConfig.Petals;
        return new(AutoencoderKL.Load(pictures, device), UNet.Load(weights, device), text, config);
    }

    /// <summary>Frees all three models.</summary>
    public void Dispose()
    {
        autoencoder.Dispose();
        unet.Dispose();
        (text as IDisposable)?.Dispose();
    }

    /// <summary>Makes a picture for each prompt, no more than 64 at once.</summary>
    /// <param name="prompts">At least one.</param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step; see <see cref="Strip"/>.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <returns>Pictures <c>[B, 3, H, W]</c> in [−1, 1], which belong to the caller's dispose scope.</returns>
    /// <exception cref="CourseException">An option is out of range, or memory ran out.</exception>
    public Tensor Generate(IReadOnlyList<string> prompts, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (prompts.Count > AtOnce) return InParts(prompts, options, callback, cancellation);
        if (callback is not null) return Explained(Make);
        return Runner.Current.Once(unet.Device, () => Explained(Make), cancellation);

        Tensor Make()
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            var start = Noise(prompts.Count, options, generator) * sampler.InitNoiseSigma;
            var latents = Run(sampler, start, prompts, options, 0, generator, callback, null, cancellation);
            return Pictures(latents);
        }
    }

    /// <summary>
    /// From noise of one's own to latents: interpolation, experiments, and parity with other programs.
    /// </summary>
    /// <param name="noise">Standard normal, <c>[B, C, h, w]</c>.</param>
    /// <param name="prompts">One for each picture.</param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <inheritdoc cref="Generate"/>
    /// <returns>Scaled latents; <see cref="AutoencoderKL.ToPictures"/> shows them.</returns>
    public Tensor FromNoise(Tensor noise, IReadOnlyList<string> prompts, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        options ??= new();
        return Explained(() =>
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            var start = noise * sampler.InitNoiseSigma;
            var latents = Run(sampler, start, prompts, options, 0, generator, callback, null, cancellation);
            return latents.MoveToOuterDisposeScope();
        });
    }

    /// <summary>The sampler that options name, or the model's own, over this model's schedule.</summary>
    /// <exception cref="CourseException">An option is out of range.</exception>
    public Sampler SamplerOf(GenerationOptions options)
    {
        var published = config.Sampling;
        return Sampler.Of(options.Sampler ?? OwnSampler(options.Warn), schedule, published with
        {
            Steps = options.Steps, Prediction = config.Prediction, Eta = options.Eta,
            Spacing = options.Spacing ?? published.Spacing,
            KarrasSigmas = options.KarrasSigmas ?? published.KarrasSigmas,
        });
    }

    /// <summary>Collects the picture as it is predicted along a way: give its <c>Add</c> as <c>callback</c>.</summary>
    /// <param name="count">Pictures in the strip.</param>
    public DenoisingStrip Strip(int count = 8) => new(autoencoder, count);

    private Tensor Run(
        Sampler sampler, Tensor start, IReadOnlyList<string> prompts, GenerationOptions options, int first,
        NoiseGenerator generator, Action<SamplingStep>? callback, Func<Tensor, int, Tensor>? adjust,
        CancellationToken cancellation)
    {
        if (prompts.Count != start.shape[0])
            throw new CourseException($"There are {prompts.Count} prompts for {start.shape[0]} pictures: give one for "
                + "each.");
        foreach (var warning in prompts.Append(options.NegativePrompt).Distinct().Select(text.Warning).OfType<string>())
            (options.Warn ?? Console.WriteLine)(warning);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var guided = new GuidedUNet(unet, text, prompts, options, schedule.TrainTimesteps);
        var end = sampler.Sample(start, guided.Predict, first, generator.RandnLike, callback, adjust, cancellation);
        return end.MoveToOuterDisposeScope();
    }

    private SamplerKind OwnSampler(Action<string>? warn)
    {
        const SamplerKind usual = SamplerKind.DpmSolver;
        if (config.Scheduler is not { } name) return usual;
        var own = Sampler.OfClass(name);
        var unknown = own is not null ? null
            : $"The model's own sampler is a {name}, which the course has not: {usual} is used, "
                + "unless GenerationOptions.Sampler names another.";
        foreach (var warning in warnedOfSampler ? [] : new[] { config.Notice, unknown }.OfType<string>())
            (warn ?? Console.WriteLine)(warning);
        warnedOfSampler = true;
        return own ?? usual;
    }

    // Each part has a seed of its own, counted up from the options'.
    private Tensor InParts(
        IReadOnlyList<string> prompts, GenerationOptions options, Action<SamplingStep>? callback,
        CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var parts = prompts.Chunk(AtOnce).Select((part, i) => Generate(part, OfPart(i), callback, cancellation));
        return cat([.. parts], 0).MoveToOuterDisposeScope();

        GenerationOptions OfPart(int i) =>
            options with { Seed = options.Seed + i, Seeds = options.Seeds?.Skip(i * AtOnce).Take(AtOnce).ToList() };
    }

    private Tensor Noise(int count, GenerationOptions options, NoiseGenerator generator)
    {
        if (count == 0) throw new CourseException("There is no prompt: give at least one.");
        var side = unet.Config.LatentSide;
        var (height, width) = (options.LatentHeight ?? side, options.LatentWidth ?? side);
        if (height < 1 || width < 1)
            throw new CourseException($"The latents are to be {width}×{height}: LatentWidth and LatentHeight must be "
                + $"at least 1; {side} is what the model was trained with.");
        using var shape = empty([count, unet.Config.LatentChannels, height, width], device: unet.Device);
        return generator.RandnLike(shape);
    }

    private NoiseGenerator GeneratorOf(GenerationOptions options) =>
        options.Seeds is { } seeds ? new(seeds, unet.Device) : new(options.Seed, unet.Device);

    private Tensor Pictures(Tensor latents) =>
        autoencoder.ToPictures(latents, plan: null).MoveToOuterDisposeScope();

    private static Tensor Explained(Func<Tensor> work) =>
        MemoryShortage.Explained(work, "make fewer pictures at once, or smaller ones");
}

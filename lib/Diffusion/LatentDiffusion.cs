using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A text-to-image model: autoencoder, U-Net, text encoder and noise schedule. The same class is the course's own model of
/// Petals and Stable Diffusion 1.
/// </summary>
/// <param name="autoencoder">Between pictures and latents.</param>
/// <param name="unet">Predicts.</param>
/// <param name="text">Encodes prompts, to the width that the U-Net looks at.</param>
/// <param name="config">The noise schedule, and what the U-Net predicts.</param>
public sealed class LatentDiffusion(AutoencoderKL autoencoder, UNet unet, ITextConditioner text, DiffusionConfig config) : IDisposable
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

    /// <summary>The model that comes with the course: it draws flowers of 64×64 pixels from captions, which it reads with MiniBERT.</summary>
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
        var config = weights.Metadata.TryGetValue(DiffusionConfig.Note, out var note) ? DiffusionConfig.FromJson(note, weights.Path) : DiffusionConfig.Petals;
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
    public Tensor Generate(IReadOnlyList<string> prompts, GenerationOptions? options = null, Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (prompts.Count > AtOnce) return InParts(prompts, options, callback, cancellation);
        if (callback is not null) return Explained(Make);
        var stop = CellScope.Token;
        return LessonWork.Once(unet.Device, () => Explained(Make), () => !cancellation.IsCancellationRequested && !stop.IsCancellationRequested);

        Tensor Make()
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            var noise = Noise(prompts.Count, options, generator);
            var latents = Run(sampler, noise * sampler.InitNoiseSigma, prompts, options, 0, generator, callback, null, cancellation);
            return Pictures(latents, options);
        }
    }

    /// <summary>Makes pictures that begin at others (SDEdit, Meng and others, arXiv 2108.01073).</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="prompts">One for each picture.</param>
    /// <param name="strength">How much of the way is gone again: 0 leaves the picture as it is, 1 hardly asks it.</param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <inheritdoc cref="Generate"/>
    public Tensor FromPictures(Tensor pictures, IReadOnlyList<string> prompts, double strength, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        if (strength is not (>= 0 and <= 1)) throw new CourseException($"The strength is {strength}: it must be from 0 (the picture as it is) to 1 (hardly anything of it).");
        options ??= new();
        return Explained(() =>
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            var clean = autoencoder.ToLatents(pictures.to(unet.Device));
            var steps = (int)Math.Round(options.Steps * strength);
            if (steps == 0) return Pictures(clean, options);
            var first = options.Steps - steps;
            var start = sampler.AddNoise(clean, generator.RandnLike(clean), first);
            var latents = Run(sampler, start, prompts, options, first, generator, callback, null, cancellation);
            return Pictures(latents, options);
        });
    }

    /// <summary>Makes new what a mask marks, and keeps the rest (as RePaint does without resampling, Lugmayr and others, arXiv 2201.09865).</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="prompts">One for each picture.</param>
    /// <param name="mask"><c>[B or 1, 1, H, W]</c>: 1 is made new, 0 is kept.</param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <inheritdoc cref="Generate"/>
    public Tensor Inpaint(Tensor pictures, Tensor mask, IReadOnlyList<string> prompts, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        options ??= new();
        return Explained(() =>
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            if (mask.dim() != 4 || mask.shape[1] != 1 || mask.shape[0] != 1 && mask.shape[0] != pictures.shape[0] || !mask.shape[2..].SequenceEqual(pictures.shape[2..]))
                throw new CourseException($"The mask is [{string.Join(", ", mask.shape)}] and the pictures are [{string.Join(", ", pictures.shape)}]: a mask must be [1, 1, H, W] or [B, 1, H, W], as high and wide as they.");
            var clean = autoencoder.ToLatents(pictures.to(unet.Device));
            // A latent is new as soon as one of its pixels is.
            var makes = nn.functional.max_pool2d(mask.to(unet.Device), autoencoder.Config.Factor);
            var noise = generator.RandnLike(clean);
            var latents = Run(sampler, noise * sampler.InitNoiseSigma, prompts, options, 0, generator, callback, Keep, cancellation);
            return Pictures(latents, options);

            Tensor Keep(Tensor x, int next)
            {
                var kept = next < sampler.Timesteps.Count ? sampler.AddNoise(clean, noise, next) : clean;
                return makes * x + (1 - makes) * kept;
            }
        });
    }

    /// <summary>From noise of one's own to latents: interpolation, experiments, and parity with other programs.</summary>
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
            return Run(sampler, noise * sampler.InitNoiseSigma, prompts, options, 0, generator, callback, null, cancellation).MoveToOuterDisposeScope();
        });
    }

    /// <summary>The sampler that options name, or the model's own, over this model's schedule.</summary>
    /// <exception cref="CourseException">An option is out of range.</exception>
    public Sampler SamplerOf(GenerationOptions options) => Sampler.Of(options.Sampler ?? OwnSampler(options.Warn), schedule, config.Sampling with
    {
        Steps = options.Steps, Prediction = config.Prediction, Eta = options.Eta,
        Spacing = options.Spacing ?? config.Sampling.Spacing, KarrasSigmas = options.KarrasSigmas ?? config.Sampling.KarrasSigmas,
    });

    /// <summary>Collects the picture as it is predicted along a way: give its <c>Add</c> as <c>callback</c>.</summary>
    /// <param name="count">Pictures in the strip.</param>
    public DenoisingStrip Strip(int count = 8) => new(autoencoder, count);

    private Tensor Run(Sampler sampler, Tensor start, IReadOnlyList<string> prompts, GenerationOptions options, int first,
        NoiseGenerator generator, Action<SamplingStep>? callback, Func<Tensor, int, Tensor>? adjust, CancellationToken cancellation)
    {
        var guidance = options.Guidance;
        if (prompts.Count != start.shape[0]) throw new CourseException($"There are {prompts.Count} prompts for {start.shape[0]} pictures: give one for each.");
        foreach (var warning in prompts.Append(options.NegativePrompt).Distinct().Select(text.Warning).OfType<string>()) (options.Warn ?? Console.WriteLine)(warning);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var with = text.Encode(prompts);
        // One batch for both: the negative prompt first, as in Stable Diffusion.
        var conditions = guidance.NeedsBoth ? text.Encode([.. prompts.Select(_ => options.NegativePrompt)]).Then(with) : with;
        var both = conditions.To(unet.Type, unet.Device);
        var alone = guidance.NeedsBoth ? with.To(unet.Type, unet.Device) : both;
        return sampler.Sample(start, Predict, first, generator.RandnLike, callback, adjust, cancellation).MoveToOuterDisposeScope();

        Tensor Predict(Tensor x, double timestep)
        {
            // The samplers count in float32, whatever the U-Net's numbers are: rounding would add up from step to step.
            var guided = guidance.NeedsBothAt(1 - timestep / schedule.TrainTimesteps);
            var read = guided ? both : alone;
            var output = unet.call(x.to(unet.Type), full([x.shape[0]], timestep, dtype: ScalarType.Float32, device: x.device), read.Sequence, read.Mask).to(x.dtype);
            if (!guided) return output;
            var halves = output.chunk(2, dim: 0);
            return guidance.Combine(halves[0], halves[1]);
        }
    }

    private SamplerKind OwnSampler(Action<string>? warn)
    {
        const SamplerKind usual = SamplerKind.DpmSolver;
        if (config.Scheduler is not { } name) return usual;
        if (Sampler.OfClass(name) is { } own) return own;
        if (!warnedOfSampler) (warn ?? Console.WriteLine)($"The model's own sampler is a {name}, which the course has not: {usual} is used, unless GenerationOptions.Sampler names another.");
        warnedOfSampler = true;
        return usual;
    }

    // Each part has a seed of its own, counted up from the options'.
    private Tensor InParts(IReadOnlyList<string> prompts, GenerationOptions options, Action<SamplingStep>? callback, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts = [.. prompts.Chunk(AtOnce).Select((part, i) => Generate(part, options with { Seed = options.Seed + i, Seeds = options.Seeds?.Skip(i * AtOnce).Take(part.Length).ToList() }, callback, cancellation))];
        return cat(parts, 0).MoveToOuterDisposeScope();
    }

    private Tensor Noise(int count, GenerationOptions options, NoiseGenerator generator)
    {
        if (count == 0) throw new CourseException("There is no prompt: give at least one.");
        var (height, width) = (options.LatentHeight ?? unet.Config.LatentSide, options.LatentWidth ?? unet.Config.LatentSide);
        if (height < 1 || width < 1) throw new CourseException($"The latents are to be {width}×{height}: LatentWidth and LatentHeight must be at least 1; {unet.Config.LatentSide} is what the model was trained with.");
        using var shape = empty([count, unet.Config.LatentChannels, height, width], device: unet.Device);
        return generator.RandnLike(shape);
    }

    private NoiseGenerator GeneratorOf(GenerationOptions options) =>
        options.Seeds is { } seeds ? new(seeds, unet.Device) : new(options.Seed, unet.Device);

    private Tensor Pictures(Tensor latents, GenerationOptions options) => autoencoder.ToPictures(latents, options.Decoding).MoveToOuterDisposeScope();

    private static Tensor Explained(Func<Tensor> work) => MemoryShortage.Explained(work, "make fewer pictures at once, or smaller ones");
}

namespace ImageGen.Diffusion;

/// <summary>How pictures are made from texts.</summary>
public sealed record GenerationOptions
{
    /// <summary>
    /// The way from noise to latents; when null, the model's own, <see cref="DiffusionConfig.Scheduler"/>, or
    /// DPM-Solver++ where it has none.
    /// </summary>
    public SamplerKind? Sampler { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>How strongly the text is followed: see <see cref="Guidance"/>.</summary>
    public double GuidanceScale { get; init; } = 3;

    /// <summary>How far guided predictions are given back the text's own deviation, 0 to 1.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>
    /// Where on the way from noise, 0, to picture, 1, guidance sets in: a fifth was best for Petals, chosen by
    /// validation pictures.
    /// </summary>
    public double GuidanceStart { get; init; } = 0.2;

    /// <summary>Where on that way it leaves off.</summary>
    public double GuidanceStop { get; init; } = 1;

    /// <summary>What the pictures are led away from; nothing means: from pictures of anything.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Height of the latents; as trained when null.</summary>
    public int? LatentHeight { get; init; }

    /// <summary>Width of the latents; as trained when null.</summary>
    public int? LatentWidth { get; init; }

    /// <summary>η of DDIM: how much noise its steps add, 0 to 1.</summary>
    public double Eta { get; init; }

    /// <summary>Whether Karras' noise levels are used; as the model's configuration has it when null.</summary>
    public bool? KarrasSigmas { get; init; }

    /// <summary>
    /// How the timesteps are spaced; when null, as the model's configuration has it, or the sampler's usual where it
    /// says nothing.
    /// </summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary>The generator's seed: the same seed, prompts and options give the same pictures.</summary>
    public int Seed { get; init; } = Runtime.Seeds.Default;

    /// <summary>
    /// A seed for each picture, so that each is the same in whatever batch it is made; <see cref="Seed"/> alone when
    /// null.
    /// </summary>
    public IReadOnlyList<int>? Seeds { get; init; }

    /// <summary>Takes warnings, such as that a prompt is cut; the cell's output when null.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>What Stable Diffusion is usually asked with.</summary>
    public static GenerationOptions StableDiffusion { get; } =
        new() { Steps = 25, GuidanceScale = 7.5, GuidanceStart = 0 };

    internal Guidance Guidance => new Guidance(GuidanceScale, GuidanceRescale, GuidanceStart, GuidanceStop).Checked();
}

using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>What one look at the model leads to.</summary>
/// <param name="Latents">Where the next look is taken from, or the result.</param>
/// <param name="Clean">What the model held the clean latents for.</param>
/// <param name="Start">Where the step began.</param>
/// <param name="Seen">What the model said at earlier looks, for the samplers that ask for more than one.</param>
public sealed record SamplerStep(Tensor Latents, Tensor Clean, Tensor Start, Tensor? Seen = null);

/// <summary>
/// A way from noise to latents. It asks the model at each of its <see cref="Moments"/>, and makes a step of each answer.
/// Samplers hold no state: what a step must know of the one before is handed to it.
/// </summary>
public abstract class Sampler
{
    private protected Sampler(NoiseSchedule schedule, SamplerOptions options, MomentSpacing usual)
    {
        options.Check(schedule);
        (Schedule, Options, Spacing) = (schedule, options, options.Spacing ?? usual);
    }

    /// <summary>The forward process that is undone.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>How it goes.</summary>
    public SamplerOptions Options { get; }

    /// <summary>The moment of each look at the model, in order. Heun looks twice a step.</summary>
    public abstract IReadOnlyList<double> Moments { get; }

    /// <summary>What standard normal noise is multiplied by to begin with.</summary>
    public virtual double StartScale => 1;

    /// <summary>The first look of a step, counted from 0.</summary>
    public virtual int LookOf(int step) => step;

    /// <summary>What the model sees of the latents: the samplers that count in σ shrink them to the deviation it knows.</summary>
    public virtual Tensor Input(Tensor latents, int look) => latents.alias();

    /// <summary>Noisy latents where a look is taken, from clean ones: the start of image to image.</summary>
    public abstract Tensor Noised(Tensor clean, Tensor noise, int look);

    /// <summary>Makes a step of what the model said.</summary>
    /// <param name="look">Which look this was, from 0.</param>
    /// <param name="output">What the model said.</param>
    /// <param name="latents">The latents, not as the model saw them but as the step before left them.</param>
    /// <param name="before">The step before; null at the first.</param>
    /// <param name="chance">Where chance comes from; torch's own when null.</param>
    /// <returns>Tensors that belong to the caller's dispose scope.</returns>
    public abstract SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null);

    private protected MomentSpacing Spacing { get; }

    /// <summary>Makes a sampler.</summary>
    /// <exception cref="CourseException">The kind is unknown, or an option is out of range.</exception>
    public static Sampler Of(SamplerKind kind, NoiseSchedule schedule, SamplerOptions options) => kind switch
    {
        SamplerKind.Ddpm => new DdpmSampler(schedule, options),
        SamplerKind.Ddim => new DdimSampler(schedule, options),
        SamplerKind.Euler => new EulerSampler(schedule, options, ancestral: false),
        SamplerKind.EulerAncestral => new EulerSampler(schedule, options, ancestral: true),
        SamplerKind.Heun => new HeunSampler(schedule, options),
        SamplerKind.DpmSolver => new DpmSolverSampler(schedule, options),
        SamplerKind.Plms => new PlmsSampler(schedule, options),
        _ => throw new CourseException($"There is no sampler {kind}: use one of {string.Join(", ", Enum.GetNames<SamplerKind>())}."),
    };

    /// <summary>The kind that a name stands for: the course's own, or the class name in a published scheduler_config.json.</summary>
    /// <exception cref="CourseException">The name is unknown: the message lists those that are known.</exception>
    public static SamplerKind Named(string name) => Known(name)
        ?? throw new CourseException($"There is no sampler '{name}': use one of {string.Join(", ", Enum.GetNames<SamplerKind>()).ToLowerInvariant()}.");

    /// <summary>The same; null where the name is unknown.</summary>
    internal static SamplerKind? Known(string name) => name.Trim().ToLowerInvariant() switch
    {
        "ddpm" or "ddpmscheduler" => SamplerKind.Ddpm,
        "ddim" or "ddimscheduler" => SamplerKind.Ddim,
        "euler" or "eulerdiscretescheduler" => SamplerKind.Euler,
        "eulerancestral" or "euler_a" or "eulerancestraldiscretescheduler" => SamplerKind.EulerAncestral,
        "heun" or "heundiscretescheduler" => SamplerKind.Heun,
        "dpmsolver" or "dpm++" or "dpmsolvermultistepscheduler" => SamplerKind.DpmSolver,
        "plms" or "pndm" or "pndmscheduler" => SamplerKind.Plms,
        _ => null,
    };

    private protected static Tensor NoiseLike(Tensor latents, NoiseSource? chance) =>
        chance?.Like(latents) ?? randn(latents.shape, dtype: latents.dtype, device: latents.device);
}

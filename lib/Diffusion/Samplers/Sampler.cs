using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A way from noise to a picture: one loop over <see cref="Timesteps"/>, which evaluates the model at each and takes a
/// step of its prediction. Samplers hold no state between steps; what a later step needs stands in the loop.
/// </summary>
public abstract class Sampler
{
    private protected Sampler(NoiseSchedule schedule, SamplerOptions options)
    {
        options.Check(schedule);
        (Schedule, Options) = (schedule, options);
    }

    /// <summary>The forward process that is undone.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>How it goes.</summary>
    public SamplerOptions Options { get; }

    /// <summary>The timestep at which each step begins, falling.</summary>
    public abstract IReadOnlyList<double> Timesteps { get; }

    /// <summary>The standard deviation of the noise to begin with.</summary>
    public virtual double InitNoiseSigma => 1;

    /// <summary>Noisy latents as a step begins with them, from clean ones: the start of image to image.</summary>
    public abstract Tensor AddNoise(Tensor original, Tensor noise, int step);

    /// <summary>Goes from noisy latents to clean ones. No gradients.</summary>
    /// <param name="latents">
    /// Where to begin, <c>[B, C, h, w]</c>: noise times <see cref="InitNoiseSigma"/>, or of <see cref="AddNoise"/>.
    /// </param>
    /// <param name="model">A forward pass: x_t and its timestep, to the model's prediction in the same shape.</param>
    /// <param name="firstStep">The first step, from 0: later for image to image.</param>
    /// <param name="noise">
    /// Standard normal noise in a tensor's shape, for the samplers that add some; torch's own generator's when null.
    /// </param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="adjust">
    /// May replace the latents after each step, told which step comes next: inpainting's hook.
    /// </param>
    /// <param name="cancellation">Stops before the next step; so does the notebook's stop button.</param>
    /// <returns>
    /// Clean latents that belong to the caller's dispose scope; where it was stopped, the last prediction of them.
    /// </returns>
    public Tensor Sample(
        Tensor latents, Func<Tensor, double, Tensor> model, int firstStep = 0, Func<Tensor, Tensor>? noise = null,
        Action<SamplingStep>? callback = null, Func<Tensor, int, Tensor>? adjust = null,
        CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        noise ??= like => randn_like(like);
        var run = new SamplingRun(Timesteps, firstStep, model, noise, callback, adjust, cancellation);
        var x = Loop(latents.alias(), run);
        return (run.Stopped ? run.PredictedOriginal ?? x : x).MoveToOuterDisposeScope();
    }

    /// <summary>The loop itself.</summary>
    /// <param name="x">Where to begin: the loop's to dispose of.</param>
    /// <param name="run">What goes with it.</param>
    private protected abstract Tensor Loop(Tensor x, SamplingRun run);

    /// <summary>Makes a sampler.</summary>
    /// <exception cref="CourseException">The kind is unknown, or an option is out of range.</exception>
    public static Sampler Of(SamplerKind kind, NoiseSchedule schedule, SamplerOptions options) => kind switch
    {
        SamplerKind.Ddpm => new DdpmSampler(schedule, options),
        SamplerKind.Ddim => new DdimSampler(schedule, options),
        SamplerKind.Euler => new EulerSampler(schedule, options),
        SamplerKind.EulerAncestral => new EulerAncestralSampler(schedule, options),
        SamplerKind.Heun => new HeunSampler(schedule, options),
        SamplerKind.DpmSolver => new DpmSolverSampler(schedule, options),
        SamplerKind.Plms => new PlmsSampler(schedule, options),
        _ => throw new CourseException($"There is no sampler {kind}: use one of "
            + $"{string.Join(", ", Enum.GetNames<SamplerKind>())}."),
    };

    /// <summary>
    /// The kind that a published scheduler_config.json names; null where the course has none of that class.
    /// </summary>
    internal static SamplerKind? OfClass(string name) => name switch
    {
        "DDPMScheduler" => SamplerKind.Ddpm,
        "DDIMScheduler" => SamplerKind.Ddim,
        "EulerDiscreteScheduler" => SamplerKind.Euler,
        "EulerAncestralDiscreteScheduler" => SamplerKind.EulerAncestral,
        "HeunDiscreteScheduler" => SamplerKind.Heun,
        "DPMSolverMultistepScheduler" => SamplerKind.DpmSolver,
        "PNDMScheduler" => SamplerKind.Plms,
        _ => null,
    };
}

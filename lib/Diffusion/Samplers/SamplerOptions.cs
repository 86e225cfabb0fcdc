using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How a sampler goes. Options of one sampler mean nothing to another.</summary>
public sealed record SamplerOptions
{
    /// <summary>Steps, at least 1 and at most the schedule's.</summary>
    public int Steps { get; init; } = 30;

    /// <summary>
    /// How the timesteps are spaced; the sampler's usual when null: leading for DDPM, DDIM and PLMS, linspace for the
    /// others.
    /// </summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary>Added to leading timesteps; Stable Diffusion has 1.</summary>
    public int StepsOffset { get; init; }

    /// <summary>What the model predicts.</summary>
    public PredictionType Prediction { get; init; } = PredictionType.Epsilon;

    /// <summary>η of DDIM, how much noise its steps add: 0 for none, 1 for as much as DDPM's.</summary>
    public double Eta { get; init; }

    /// <summary>
    /// Whether noise levels follow Karras' curve, dense where little noise is left. Euler, Heun and DPM-Solver only.
    /// </summary>
    public bool KarrasSigmas { get; init; }

    /// <summary>
    /// Whether the last step of DDIM and PLMS ends at no noise at all; Stable Diffusion's ends at as much as timestep 0
    /// has.
    /// </summary>
    public bool SetAlphaToOne { get; init; } = true;

    /// <summary>Where the last step of Euler and DPM-Solver ends.</summary>
    public FinalSigma FinalSigma { get; init; }

    /// <summary>
    /// What DDPM, DDIM and Heun cut the predicted x₀ to, from below and above; nothing when null, as it must be for
    /// latents.
    /// </summary>
    public double? ClipSampleRange { get; init; }

    /// <summary>
    /// How DDPM, DDIM and DPM-Solver threshold the predicted x₀, in place of cutting it; not at all when null.
    /// </summary>
    public DynamicThresholding? Thresholding { get; init; }

    /// <summary>How much noise DDPM adds.</summary>
    public VarianceType Variance { get; init; }

    /// <summary>What DPM-Solver integrates.</summary>
    public SolverAlgorithm Algorithm { get; init; }

    /// <summary>How many evaluations a step of DPM-Solver uses, 1 to 3; 2 for the stochastic one at most.</summary>
    public int SolverOrder { get; init; } = 2;

    /// <summary>How DPM-Solver's steps of second order use the evaluation before.</summary>
    public SolverType SolverType { get; init; }

    /// <summary>Whether DPM-Solver's last steps are of lower order where there are fewer than 15.</summary>
    public bool LowerOrderFinal { get; init; } = true;

    /// <summary>Whether DPM-Solver's last step is of first order in any case.</summary>
    public bool EulerAtFinal { get; init; }

    /// <summary>
    /// Whether PLMS begins without the three Runge-Kutta steps of its paper, which evaluate the model four times each.
    /// </summary>
    public bool SkipPrkSteps { get; init; } = true;

    internal void Check(NoiseSchedule schedule)
    {
        var total = schedule.TrainTimesteps;
        if (Steps < 1 || Steps > total)
            throw new CourseException($"Steps is {Steps}: a sampler needs at least 1 step, and at most the {total} "
                + "timesteps of the noise schedule; 20 to 50 are usual.");
        if (Eta is not (>= 0 and <= 1)) throw new CourseException($"Eta is {Eta}: it must be from 0 to 1.");
        if (StepsOffset < 0 || StepsOffset >= total)
            throw new CourseException($"StepsOffset is {StepsOffset}: it must be from 0 to {total - 1}, 1 for Stable "
                + "Diffusion.");
        if (Prediction == PredictionType.Epsilon && schedule.AlphaBar[^1] <= 0)
            throw new CourseException("The noise schedule leaves nothing of the picture at its last timestep, and "
                + "there a prediction of noise says nothing: use PredictionType.Velocity.");
        if (ClipSampleRange is { } range && range is not (> 0 and < double.PositiveInfinity))
            throw new CourseException($"ClipSampleRange is {range}: it must be above 0, or null for none.");
        if (Thresholding is not null and not { Ratio: > 0 and <= 1, MaxValue: >= 1 and < double.PositiveInfinity })
            throw new CourseException($"Thresholding has the ratio {Thresholding.Ratio} and at most "
                + $"{Thresholding.MaxValue}: the ratio must be above 0 and at most 1, the other 1 or more.");
        var highest = Algorithm == SolverAlgorithm.SdeDpmSolverPlusPlus ? 2 : 3;
        if (SolverOrder < 1 || SolverOrder > highest)
            throw new CourseException($"SolverOrder is {SolverOrder}: for {Algorithm} it must be from 1 to {highest}.");
    }

    /// <summary>The predicted x₀, <c>[B, …]</c>, within the bounds that these options ask for.</summary>
    internal Tensor Bounded(Tensor x0)
    {
        using var scope = NewDisposeScope();
        if (Thresholding is not { } thresholding)
            return (ClipSampleRange is { } range ? x0.clamp(-range, range) : x0.alias()).MoveToOuterDisposeScope();
        var s = x0.abs().flatten(1).quantile(tensor(thresholding.Ratio, dtype: x0.dtype, device: x0.device), dim: 1)
            .clamp(1, thresholding.MaxValue).view([-1, .. Enumerable.Repeat(1L, (int)x0.dim() - 1)]);
        return (x0.clamp(-s, s) / s).MoveToOuterDisposeScope();
    }
}

using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>How a sampler goes.</summary>
public sealed record SamplerOptions
{
    /// <summary>Steps, at least 1 and at most the schedule's.</summary>
    public int Steps { get; init; } = 30;

    /// <summary>How the timesteps are spaced; the sampler's usual when null: leading for DDPM, DDIM and PLMS, linspace for the others.</summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary>Added to leading timesteps; Stable Diffusion has 1.</summary>
    public int StepsOffset { get; init; }

    /// <summary>What the model predicts.</summary>
    public PredictionType Prediction { get; init; } = PredictionType.Epsilon;

    /// <summary>η of DDIM, how much noise its steps add: 0 for none, 1 for as much as DDPM's.</summary>
    public double Eta { get; init; }

    /// <summary>Whether noise levels follow Karras' curve, dense where little noise is left. Euler, Heun and DPM-Solver++ only.</summary>
    public bool KarrasSigmas { get; init; }

    /// <summary>Whether the last step of DDIM and PLMS ends at no noise at all; Stable Diffusion's ends at as much as timestep 0 has.</summary>
    public bool SetAlphaToOne { get; init; } = true;

    internal void Check(NoiseSchedule schedule)
    {
        var total = schedule.TrainTimesteps;
        if (Steps < 1 || Steps > total)
            throw new CourseException($"Steps is {Steps}: a sampler needs at least 1 step, and at most the {total} timesteps of the noise schedule; 20 to 50 are usual.");
        if (Eta is not (>= 0 and <= 1)) throw new CourseException($"Eta is {Eta}: it must be from 0 to 1.");
        if (StepsOffset < 0 || StepsOffset >= total)
            throw new CourseException($"StepsOffset is {StepsOffset}: it must be from 0 to {total - 1}, 1 for Stable Diffusion.");
        if (Prediction == PredictionType.Epsilon && schedule.AlphaBar[^1] <= 0)
            throw new CourseException("The noise schedule leaves nothing of the picture at its last timestep, and there a prediction of noise says nothing: use PredictionType.Velocity.");
    }
}

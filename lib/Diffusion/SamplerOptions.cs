using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>The ways back from noise that the course knows.</summary>
public enum SamplerKind
{
    /// <summary>One small random step after the other (Ho and others, arXiv 2006.11239).</summary>
    Ddpm,

    /// <summary>The same way without chance, or with as much as η says (Song and others, arXiv 2010.02502).</summary>
    Ddim,

    /// <summary>Straight steps along the noise level σ (Karras and others, arXiv 2206.00364).</summary>
    Euler,

    /// <summary>Euler's steps, each a little too far and then noise added again (Crowson, k-diffusion).</summary>
    EulerAncestral,

    /// <summary>Each step tried, looked at and corrected: two looks a step (Karras and others, arXiv 2206.00364).</summary>
    Heun,

    /// <summary>DPM-Solver++ 2M: remembers the last look, good from about 15 steps on (Lu and others, arXiv 2211.01095).</summary>
    DpmSolver,

    /// <summary>PLMS: DDIM's steps along the last four looks' common direction, Stable Diffusion's first default (Liu and others, arXiv 2202.09778).</summary>
    Plms,
}

/// <summary>Which moments a sampler visits.</summary>
public enum MomentSpacing
{
    /// <summary>Multiples of T/n, from the lowest: never quite reaches pure noise.</summary>
    Leading,

    /// <summary>Evenly from the first to the last.</summary>
    Linspace,

    /// <summary>Counted down from the last: reaches pure noise.</summary>
    Trailing,
}

/// <summary>How a sampler goes.</summary>
public sealed record SamplerOptions
{
    /// <summary>Steps, at least 1 and at most the schedule's.</summary>
    public int Steps { get; init; } = 30;

    /// <summary>Which moments; the sampler's usual when null: leading for DDPM, DDIM and PLMS, linspace for the others.</summary>
    public MomentSpacing? Spacing { get; init; }

    /// <summary>Added to leading moments; Stable Diffusion has 1.</summary>
    public int Offset { get; init; }

    /// <summary>What the model predicts.</summary>
    public Prediction Prediction { get; init; } = Prediction.Noise;

    /// <summary>DDIM's share of chance: 0 for none, 1 for as much as DDPM has.</summary>
    public double Eta { get; init; }

    /// <summary>Whether noise levels follow Karras' curve, dense where little noise is left. Euler, Heun and DPM-Solver++ only.</summary>
    public bool Karras { get; init; }

    /// <summary>Whether DDIM's last step ends at no noise at all; Stable Diffusion's ends at the first moment's.</summary>
    public bool EndsClean { get; init; } = true;

    internal void Check(NoiseSchedule schedule)
    {
        if (Steps < 1 || Steps > schedule.Steps)
            throw new CourseException($"Steps is {Steps}: a sampler needs at least 1 step, and at most the {schedule.Steps} moments of the noise schedule; 20 to 50 are usual.");
        if (Eta is not (>= 0 and <= 1)) throw new CourseException($"Eta is {Eta}: it must be from 0 to 1.");
        if (Offset < 0 || Offset >= schedule.Steps) throw new CourseException($"Offset is {Offset}: it must be 0 or more, 1 for Stable Diffusion.");
        if (Prediction == Prediction.Noise && schedule.AlphaBar[^1] <= 0)
            throw new CourseException("The noise schedule leaves nothing of the picture at its last moment, and there a prediction of noise says nothing: use Prediction.Velocity.");
    }
}

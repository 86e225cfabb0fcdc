namespace ImageGen.Diffusion;

/// <summary>The samplers: ways from noise to a picture.</summary>
public enum SamplerKind
{
    /// <summary>One small random step after the other (Ho and others, arXiv 2006.11239).</summary>
    Ddpm,

    /// <summary>The same way without noise, or with as much as η says (Song and others, arXiv 2010.02502).</summary>
    Ddim,

    /// <summary>Straight steps along the noise level σ (Karras and others, arXiv 2206.00364).</summary>
    Euler,

    /// <summary>Euler's steps, each a little too far and then noise added again (Crowson, k-diffusion).</summary>
    EulerAncestral,

    /// <summary>Each step tried, evaluated at its end and corrected (Karras and others, arXiv 2206.00364).</summary>
    Heun,

    /// <summary>
    /// DPM-Solver++ 2M: uses the evaluation before, good from about 15 steps on (Lu and others, arXiv 2211.01095).
    /// </summary>
    DpmSolver,

    /// <summary>
    /// PLMS: DDIM's steps along the last four evaluations' common direction, Stable Diffusion's first default (Liu and
    /// others, arXiv 2202.09778).
    /// </summary>
    Plms,
}

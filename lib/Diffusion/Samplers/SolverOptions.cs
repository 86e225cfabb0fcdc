namespace ImageGen.Diffusion;

/// <summary>Where the last step of Euler and DPM-Solver ends.</summary>
public enum FinalSigma
{
    /// <summary>At no noise at all.</summary>
    Zero,

    /// <summary>At as much as timestep 0 has.</summary>
    SigmaMin,
}

/// <summary>How much noise a step of DDPM adds (Ho and others, arXiv 2006.11239, section 3.2).</summary>
public enum VarianceType
{
    /// <summary>β·(1 − ᾱ')/(1 − ᾱ), right where all pictures are one.</summary>
    FixedSmall,

    /// <summary>β, right where pictures are noise.</summary>
    FixedLarge,
}

/// <summary>What DPM-Solver integrates.</summary>
public enum SolverAlgorithm
{
    /// <summary>The predicted x₀ (Lu and others, arXiv 2211.01095).</summary>
    DpmSolverPlusPlus,

    /// <summary>The predicted ε (Lu and others, arXiv 2206.00927).</summary>
    DpmSolver,

    /// <summary>The predicted x₀, along the stochastic equation: each step adds noise.</summary>
    SdeDpmSolverPlusPlus,
}

/// <summary>How a step of second order uses the evaluation before.</summary>
public enum SolverType
{
    /// <summary>As if its direction held half of the step.</summary>
    Midpoint,

    /// <summary>Integrated over the step.</summary>
    Heun,
}

/// <summary>
/// Dynamic thresholding (Saharia and others, arXiv 2205.11487): with s the given quantile of |x₀| of a picture, at
/// least 1, x₀ is cut to ±s and divided by s. For models of pixels; latents are no values from −1 to 1.
/// </summary>
/// <param name="Ratio">Which quantile, above 0 and at most 1.</param>
/// <param name="MaxValue">The most that s may be, 1 or more.</param>
public sealed record DynamicThresholding(double Ratio = 0.995, double MaxValue = 1);

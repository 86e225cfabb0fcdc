using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How the noise grows from step to step.</summary>
public enum BetaSchedule
{
    /// <summary>β in a straight line (Ho and others, arXiv 2006.11239: 1e-4 to 0.02).</summary>
    Linear,

    /// <summary>√β in a straight line: Stable Diffusion's, 0.00085 to 0.012.</summary>
    ScaledLinear,

    /// <summary>ᾱ along a squared cosine (Nichol and Dhariwal, arXiv 2102.09672); β is at most 0.999.</summary>
    Cosine,

    /// <summary>β along a sigmoid (Xu and others, arXiv 2203.02923).</summary>
    Sigmoid,
}

/// <summary>
/// The forward process: how much of the picture is left at each timestep, 0 (nearly clean) to T − 1
/// (nearly noise). x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·ε.
/// </summary>
public sealed class NoiseSchedule
{
    // Less than this before the end, and float32 can no longer divide by √ᾱ.
    private const double LeastAlphaBar = 1e-30;

    private readonly double[] kept;

    private NoiseSchedule(double[] kept) => this.kept = kept;

    /// <summary>T, timesteps in all.</summary>
    public int TrainTimesteps => kept.Length;

    /// <summary>ᾱ_t, how much of the picture's variance is left at each timestep.</summary>
    public IReadOnlyList<double> AlphaBar => kept;

    /// <summary>Stable Diffusion's schedule.</summary>
    public static NoiseSchedule StableDiffusion { get; } =
        Of(BetaSchedule.ScaledLinear, betaStart: 0.00085, betaEnd: 0.012);

    /// <summary>Builds a schedule.</summary>
    /// <param name="betas">How β grows.</param>
    /// <param name="timesteps">T, 2 to 10,000.</param>
    /// <param name="betaStart">β at timestep 0; a cosine has none.</param>
    /// <param name="betaEnd">β at the last timestep; a cosine has none.</param>
    /// <exception cref="CourseException">A number is out of range.</exception>
    public static NoiseSchedule Of(
        BetaSchedule betas, int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02)
    {
        CheckCount(timesteps);
        if (betas != BetaSchedule.Cosine && !(betaStart > 0 && betaStart <= betaEnd && betaEnd < 1))
            throw new CourseException($"A noise schedule cannot go from β {betaStart} to {betaEnd}: both must be "
                + "between 0 and 1, and rise.");
        return OfBetas(Enumerable.Range(0, timesteps).Select(t => Beta((double)t / (timesteps - 1), t)));

        double Beta(double u, int t) => betas switch
        {
            BetaSchedule.Linear => betaStart + u * (betaEnd - betaStart),
            BetaSchedule.ScaledLinear =>
                Math.Pow(Math.Sqrt(betaStart) + u * (Math.Sqrt(betaEnd) - Math.Sqrt(betaStart)), 2),
            BetaSchedule.Sigmoid => betaStart + (betaEnd - betaStart) / (1 + Math.Exp(6 - 12 * u)),
            _ => Math.Min(0.999, 1 - Cosine((t + 1.0) / timesteps) / Cosine((double)t / timesteps)),
        };

        static double Cosine(double u) => Math.Pow(Math.Cos((u + 0.008) / 1.008 * Math.PI / 2), 2);
    }

    /// <summary>The schedule of given β, each between 0 and 1; the last may be 1.</summary>
    /// <exception cref="CourseException">
    /// A β is out of range, or nothing of the picture is left long before the last timestep.
    /// </exception>
    public static NoiseSchedule OfBetas(IEnumerable<double> betas)
    {
        double[] all = [.. betas];
        CheckCount(all.Length);
        var product = 1.0;
        double[] kept = [.. all.Select(beta => product *= 1 - beta)];
        for (var t = 0; t < kept.Length; t++)
        {
            if (!(all[t] > 0 && (all[t] < 1 || all[t] == 1 && t == kept.Length - 1)))
                throw new CourseException($"A noise schedule has β {all[t]} at timestep {t} of {kept.Length}: it must "
                    + "be above 0 and below 1; the last alone may be 1.");
            if (kept[t] < LeastAlphaBar && t < kept.Length - 1)
                throw new CourseException($"A noise schedule of {kept.Length} timesteps leaves nothing of the picture "
                    + $"at timestep {t} already: take fewer of them or smaller β.");
        }
        return new(kept);
    }

    /// <summary>
    /// The same schedule, shifted and scaled so that nothing of the picture is left at the last timestep (Lin and
    /// others, arXiv 2305.08891). A model must then predict v: from pure noise, ε says nothing.
    /// </summary>
    public NoiseSchedule WithZeroTerminalSnr()
    {
        var (start, end) = (Math.Sqrt(kept[0]), Math.Sqrt(kept[^1]));
        return new([.. kept.Select(value => Math.Pow((Math.Sqrt(value) - end) * start / (start - end), 2))]);
    }

    /// <summary>√ᾱ_t: what the picture is multiplied by at a timestep.</summary>
    public double SqrtAlphaBar(int timestep) => Math.Sqrt(kept[timestep]);

    /// <summary>√(1 − ᾱ_t): what the noise is multiplied by at a timestep.</summary>
    public double SqrtOneMinusAlphaBar(int timestep) => Math.Sqrt(1 - kept[timestep]);

    /// <summary>Noise over picture, σ_t = √((1 − ᾱ_t)/ᾱ_t); infinite where nothing of the picture is left.</summary>
    public double Sigma(int timestep) => Math.Sqrt((1 - kept[timestep]) / kept[timestep]);

    /// <summary>√ᾱ and √(1 − ᾱ) for a batch of timesteps.</summary>
    /// <param name="timesteps"><c>[B]</c> int64.</param>
    /// <returns>Each <c>[B, 1, 1, 1]</c> float32 on the timesteps' device.</returns>
    public (Tensor SqrtAlphaBar, Tensor SqrtOneMinusAlphaBar) Coefficients(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var alphaBar = tensor(kept, device: timesteps.device).index_select(0, timesteps).view(-1, 1, 1, 1);
        var (a, s) = (alphaBar.sqrt().to(ScalarType.Float32), (1 - alphaBar).sqrt().to(ScalarType.Float32));
        return (a.MoveToOuterDisposeScope(), s.MoveToOuterDisposeScope());
    }

    /// <summary>q-sampling: jumps straight to a timestep, x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·ε.</summary>
    /// <param name="original">x₀, <c>[B, C, H, W]</c>.</param>
    /// <param name="noise">ε, standard normal, in the same shape.</param>
    /// <param name="timesteps"><c>[B]</c> int64.</param>
    public Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var (sqrtAlphaBar, sqrtOneMinusAlphaBar) = Coefficients(timesteps);
        return (sqrtAlphaBar * original + sqrtOneMinusAlphaBar * noise).MoveToOuterDisposeScope();
    }

    /// <summary>One timestep for the whole batch.</summary>
    /// <inheritdoc cref="AddNoise(Tensor, Tensor, Tensor)"/>
    public Tensor AddNoise(Tensor original, Tensor noise, int timestep)
    {
        using var scope = NewDisposeScope();
        return (SqrtAlphaBar(timestep) * original + SqrtOneMinusAlphaBar(timestep) * noise).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Min-SNR weights (Hang and others, arXiv 2303.09556), which keep nearly clean timesteps from ruling the loss:
    /// min(SNR, γ)/SNR for ε, /(SNR + 1) for v, and min(SNR, γ) for x₀.
    /// </summary>
    /// <param name="timesteps"><c>[B]</c> int64.</param>
    /// <param name="prediction">What the model predicts.</param>
    /// <param name="gamma">γ; the paper's 5.</param>
    /// <returns><c>[B]</c> float32.</returns>
    public Tensor MinSnrWeights(Tensor timesteps, PredictionType prediction, double gamma = 5)
    {
        using var scope = NewDisposeScope();
        var alphaBar = tensor(kept, device: timesteps.device).index_select(0, timesteps);
        var snr = alphaBar / (1 - alphaBar);
        var capped = snr.clamp_max(gamma);
        var weights = prediction switch
        {
            PredictionType.Epsilon => capped / snr,
            PredictionType.Velocity => capped / (snr + 1),
            _ => capped,
        };
        return weights.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static void CheckCount(int timesteps)
    {
        if (timesteps is < 2 or > 10_000)
            throw new CourseException($"A noise schedule cannot have {timesteps} timesteps: it must have 2 to 10,000.");
    }
}

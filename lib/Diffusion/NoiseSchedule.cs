using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How the noise grows from step to step.</summary>
public enum NoiseCurve
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
/// The forward process: how much of the picture is left at each moment, 0 (nearly clean) to <see cref="Steps"/> − 1
/// (nearly noise). x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·ε.
/// </summary>
public sealed class NoiseSchedule
{
    // Less than this before the end, and float32 can no longer divide by √ᾱ.
    private const double LeastAlphaBar = 1e-30;

    private readonly double[] kept;

    private NoiseSchedule(double[] kept) => this.kept = kept;

    /// <summary>Moments in all.</summary>
    public int Steps => kept.Length;

    /// <summary>ᾱ_t, the squared share of the picture that is left at each moment.</summary>
    public IReadOnlyList<double> AlphaBar => kept;

    /// <summary>Stable Diffusion's schedule.</summary>
    public static NoiseSchedule StableDiffusion { get; } = Of(NoiseCurve.ScaledLinear, first: 0.00085, last: 0.012);

    /// <summary>Builds a schedule.</summary>
    /// <param name="curve">How β grows.</param>
    /// <param name="steps">Moments, 2 to 10,000.</param>
    /// <param name="first">β at moment 0; a cosine has none.</param>
    /// <param name="last">β at the last moment; a cosine has none.</param>
    /// <exception cref="CourseException">A number is out of range.</exception>
    public static NoiseSchedule Of(NoiseCurve curve, int steps = 1000, double first = 1e-4, double last = 0.02)
    {
        if (steps is < 2 or > 10_000) throw new CourseException($"A noise schedule cannot have {steps} steps: it must have 2 to 10,000.");
        if (curve != NoiseCurve.Cosine && !(first > 0 && first <= last && last < 1))
            throw new CourseException($"A noise schedule cannot go from β {first} to {last}: both must be between 0 and 1, and rise.");
        return OfBetas(Enumerable.Range(0, steps).Select(t => Beta((double)t / (steps - 1), t)));

        double Beta(double u, int t) => curve switch
        {
            NoiseCurve.Linear => first + u * (last - first),
            NoiseCurve.ScaledLinear => Math.Pow(Math.Sqrt(first) + u * (Math.Sqrt(last) - Math.Sqrt(first)), 2),
            NoiseCurve.Sigmoid => first + (last - first) / (1 + Math.Exp(6 - 12 * u)),
            _ => Math.Min(0.999, 1 - Cosine((t + 1.0) / steps) / Cosine((double)t / steps)),
        };

        static double Cosine(double u) => Math.Pow(Math.Cos((u + 0.008) / 1.008 * Math.PI / 2), 2);
    }

    /// <summary>The schedule of given β, each between 0 and 1; the last may be 1.</summary>
    /// <exception cref="CourseException">A β is out of range, or nothing of the picture is left long before the last moment.</exception>
    public static NoiseSchedule OfBetas(IEnumerable<double> betas)
    {
        double[] all = [.. betas];
        var product = 1.0;
        double[] kept = [.. all.Select(beta => product *= 1 - beta)];
        for (var t = 0; t < kept.Length; t++)
        {
            if (!(all[t] > 0 && (all[t] < 1 || all[t] == 1 && t == kept.Length - 1)))
                throw new CourseException($"A noise schedule has β {all[t]} at moment {t} of {kept.Length}: it must be above 0 and below 1; the last alone may be 1.");
            if (kept[t] < LeastAlphaBar && t < kept.Length - 1)
                throw new CourseException($"A noise schedule of {kept.Length} steps leaves nothing of the picture at moment {t} already: take fewer steps or smaller β.");
        }
        return new(kept);
    }

    /// <summary>
    /// The same schedule, shifted and scaled so that nothing of the picture is left at the last moment (Lin and others,
    /// arXiv 2305.08891). A model must then predict v: from pure noise, ε says nothing.
    /// </summary>
    public NoiseSchedule WithZeroTerminalSnr()
    {
        var (start, end) = (Math.Sqrt(kept[0]), Math.Sqrt(kept[^1]));
        return new([.. kept.Select(value => Math.Pow((Math.Sqrt(value) - end) * start / (start - end), 2))]);
    }

    /// <summary>√ᾱ_t: the picture's share at a moment.</summary>
    public double Signal(int moment) => Math.Sqrt(kept[moment]);

    /// <summary>√(1 − ᾱ_t): the noise's share at a moment.</summary>
    public double Noise(int moment) => Math.Sqrt(1 - kept[moment]);

    /// <summary>Noise over picture, σ_t = √((1 − ᾱ_t)/ᾱ_t); infinite where nothing of the picture is left.</summary>
    public double Sigma(int moment) => Math.Sqrt((1 - kept[moment]) / kept[moment]);

    /// <summary>The signal-to-noise ratio ᾱ_t/(1 − ᾱ_t).</summary>
    public double Snr(int moment) => kept[moment] / (1 - kept[moment]);

    /// <summary>Both shares for a batch of moments.</summary>
    /// <param name="moments"><c>[B]</c> int64.</param>
    /// <returns>√ᾱ and √(1 − ᾱ), each <c>[B, 1, 1, 1]</c> float32 on the moments' device.</returns>
    public (Tensor Signal, Tensor Noise) Shares(Tensor moments)
    {
        using var scope = NewDisposeScope();
        var chosen = tensor(kept, device: moments.device).index_select(0, moments).view(-1, 1, 1, 1);
        return (chosen.sqrt().to(ScalarType.Float32).MoveToOuterDisposeScope(), (1 - chosen).sqrt().to(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    /// <summary>q-sampling: jumps straight to a moment, x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·ε.</summary>
    /// <param name="clean">x₀, <c>[B, C, H, W]</c>.</param>
    /// <param name="noise">ε, standard normal, in the same shape.</param>
    /// <param name="moments"><c>[B]</c> int64.</param>
    public Tensor AddNoise(Tensor clean, Tensor noise, Tensor moments)
    {
        using var scope = NewDisposeScope();
        var (signal, share) = Shares(moments);
        return (signal * clean + share * noise).MoveToOuterDisposeScope();
    }

    /// <summary>One moment for the whole batch.</summary>
    /// <inheritdoc cref="AddNoise(Tensor, Tensor, Tensor)"/>
    public Tensor AddNoise(Tensor clean, Tensor noise, int moment)
    {
        using var scope = NewDisposeScope();
        return (Signal(moment) * clean + Noise(moment) * noise).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Min-SNR weights (Hang and others, arXiv 2303.09556), which keep nearly clean moments from ruling the loss:
    /// min(SNR, γ)/SNR for ε, /(SNR + 1) for v, and min(SNR, γ) for x₀.
    /// </summary>
    /// <param name="moments"><c>[B]</c> int64.</param>
    /// <param name="prediction">What the model predicts.</param>
    /// <param name="gamma">γ; the paper's 5.</param>
    /// <returns><c>[B]</c> float32.</returns>
    public Tensor MinSnrWeights(Tensor moments, Prediction prediction, double gamma = 5)
    {
        using var scope = NewDisposeScope();
        var chosen = tensor(kept, device: moments.device).index_select(0, moments);
        var snr = chosen / (1 - chosen);
        var capped = snr.clamp_max(gamma);
        var weights = prediction switch
        {
            Prediction.Noise => capped / snr,
            Prediction.Velocity => capped / (snr + 1),
            _ => capped,
        };
        return weights.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// DPM-Solver (Lu and others, arXiv 2206.00927 and 2211.01095, algorithm 2): with λ = ln(α/σ), what is linear in the
/// equation is solved exactly, and the model's prediction m is a polynomial in λ through its last values. Usually it is
/// 2M, of m = x₀ and second order: with h the step in λ, h₀ the one before and r₀ = h₀/h,
/// x' = (σ'/σ)·x − α'·(e^{−h} − 1)·(m₀ + ½·(m₀ − m₁)/r₀).
/// </summary>
internal sealed class DpmSolverSampler : Sampler
{
    private readonly double[] sigmas; // σ/α; one more than timesteps: where the last step ends

    internal DpmSolverSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options)
    {
        var (levels, total) = (new SigmaLevels(schedule), schedule.TrainTimesteps);
        var end = options.FinalSigma == FinalSigma.Zero ? 0 : levels.At(0);
        if (options.KarrasSigmas)
        {
            sigmas = [.. SigmaLevels.Karras(levels.At(total - 1), levels.At(0), options.Steps), end];
            Timesteps = [.. sigmas.SkipLast(1).Select(sigma => Math.Round(levels.TimestepOf(sigma)))];
        }
        else
        {
            Timesteps = [.. Diffusion.Timesteps.Of(options, TimestepSpacing.Linspace, total, dropsLast: true)
                .Select(t => Math.Round(t))];
            sigmas = [.. Timesteps.Select(levels.At), end];
        }
    }

    public override IReadOnlyList<double> Timesteps { get; }

    public override Tensor AddNoise(Tensor original, Tensor noise, int step)
    {
        using var scope = NewDisposeScope();
        return (Alpha(step) * original + Sigma(step) * noise).MoveToOuterDisposeScope();
    }

    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        var m = new List<Tensor>(); // the last predictions, the newest first
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var x0 = Options.Bounded(Options.Prediction.ToOriginal(run.Model(x, Timesteps[i]), x, Alpha(i), Sigma(i)));
            var ofEpsilon = Options.Algorithm == SolverAlgorithm.DpmSolver; // ε = (x − α·x₀)/σ
            SamplingRun.Remember(m, ofEpsilon ? (x - Alpha(i) * x0) / Sigma(i) : x0, length: Options.SolverOrder);
            x = run.Finish(i, x, sigmas[i + 1] == 0 ? x0 : Next(x, m, i, run), x0);
        }
        return x;
    }

    private Tensor Next(Tensor x, List<Tensor> m, int i, SamplingRun run)
    {
        var h = Lambda(i + 1) - Lambda(i);
        if (h < 1e-10) return x; // SigmaMin ends where Karras' last level is already: there is nothing left to step
        var (a, c0, c1, c2) = Coefficients(i, h);
        var (xNext, order) = (a * x + c0 * m[0], Order(i, m.Count)); // x' = a·x + c₀·m₀ + c₁·D₁ + c₂·D₂
        if (order > 1)
        {
            var r0 = (Lambda(i) - Lambda(i - 1)) / h;
            var d0 = (m[0] - m[1]) / r0;
            if (order == 2) xNext = xNext + (Options.SolverType == SolverType.Midpoint ? c0 / 2 : c1) * d0;
            else
            {
                var r1 = (Lambda(i - 1) - Lambda(i - 2)) / h;
                var curve = (d0 - (m[1] - m[2]) / r1) / (r0 + r1);
                xNext = xNext + c1 * (d0 + r0 * curve) + c2 * curve;
            }
        }
        return Options.Algorithm != SolverAlgorithm.SdeDpmSolverPlusPlus ? xNext
            : xNext + Sigma(i + 1) * Math.Sqrt(-Expm1(-2 * h)) * run.Noise(x); // + σ'·√(1 − e^{−2h})·z
    }

    // The weights of x, and of m, its slope and its curvature in λ, integrated over the step.
    private (double A, double C0, double C1, double C2) Coefficients(int i, double h)
    {
        var (alpha, sigma) = (Alpha(i + 1), Sigma(i + 1)); // α', σ'
        var (down, up, twice) = (Expm1(-h), Expm1(h), Expm1(-2 * h)); // e^{−h} − 1, e^h − 1, e^{−2h} − 1
        return Options.Algorithm switch
        {
            SolverAlgorithm.DpmSolverPlusPlus =>
                (sigma / Sigma(i), -alpha * down, alpha * (down / h + 1), -alpha * ((down + h) / (h * h) - 0.5)),
            SolverAlgorithm.DpmSolver =>
                (alpha / Alpha(i), -sigma * up, -sigma * (up / h - 1), -sigma * ((up - h) / (h * h) - 0.5)),
            _ => (sigma / Sigma(i) * Math.Exp(-h), -alpha * twice, alpha * (twice / (2 * h) + 1), 0),
        };
    }

    private int Order(int i, int known)
    {
        var (few, left) = (Options.LowerOrderFinal && Timesteps.Count < 15, Timesteps.Count - i);
        if (left == 1 && (few || Options.EulerAtFinal || Options.FinalSigma == FinalSigma.Zero)) return 1;
        return Math.Min(left == 2 && few ? 2 : 3, known); // no more are known than the solver's order
    }

    // x_t = α·x₀ + σ·ε
    private double Alpha(int i) => 1 / Math.Sqrt(sigmas[i] * sigmas[i] + 1);

    private double Sigma(int i) => sigmas[i] * Alpha(i);

    private double Lambda(int i) => -Math.Log(sigmas[i]);

    // e^x − 1
    private static double Expm1(double x) => Math.Exp(x) - 1;
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// DPM-Solver++ 2M (Lu and others, arXiv 2211.01095, algorithm 2): exact in what is linear, of second order in the predicted x₀.
/// The first step, and the last one to σ = 0, are of first order.
/// </summary>
internal sealed class DpmSolverSampler : Sampler
{
    private readonly double[] sigmas; // one more than timesteps: where the last step ends

    internal DpmSolverSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options)
    {
        var levels = new SigmaLevels(schedule);
        if (options.KarrasSigmas)
        {
            sigmas = [.. SigmaLevels.Karras(levels.At(schedule.TrainTimesteps - 1), levels.At(0), options.Steps), 0];
            Timesteps = [.. sigmas.SkipLast(1).Select(sigma => Math.Round(levels.TimestepOf(sigma)))];
        }
        else
        {
            Timesteps = [.. Diffusion.Timesteps.Of(options, TimestepSpacing.Linspace, schedule.TrainTimesteps, dropsLast: true).Select(t => Math.Round(t))];
            sigmas = [.. Timesteps.Select(levels.At), 0];
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
        var m = new List<Tensor>(); // x₀ as predicted at the last steps, the newest first
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var x0 = Options.Prediction.ToOriginal(run.Model(x, Timesteps[i]), x, Alpha(i), Sigma(i));
            SamplingRun.Remember(m, x0, length: 2);
            x = run.Finish(i, x, Next(x, m, i), x0);
        }
        return x;
    }

    private Tensor Next(Tensor x, List<Tensor> m, int i)
    {
        if (sigmas[i + 1] == 0) return m[0];
        var h = Lambda(i + 1) - Lambda(i);
        var d = m[0];
        if (m.Count > 1)
        {
            var r = (Lambda(i) - Lambda(i - 1)) / h;
            d = m[0] + (m[0] - m[1]) / (2 * r); // D = m₀ + ½·(m₀ − m₁)/r
        }
        // x' = (σ'/σ)·x − α'·(e^{−h} − 1)·D
        return Sigma(i + 1) / Sigma(i) * x - Alpha(i + 1) * (Math.Exp(-h) - 1) * d;
    }

    // x_t = α·x₀ + σ·ε, of the level σ/α; and λ = ln(α/σ).
    private double Alpha(int i) => 1 / Math.Sqrt(sigmas[i] * sigmas[i] + 1);

    private double Sigma(int i) => sigmas[i] * Alpha(i);

    private double Lambda(int i) => -Math.Log(sigmas[i]);
}

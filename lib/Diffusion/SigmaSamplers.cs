using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Samplers that count in noise levels σ = √((1 − ᾱ)/ᾱ), along x = x₀ + σ·ε. The model sees x/√(σ² + 1), which is x_t.
/// </summary>
internal abstract class SigmaSampler : Sampler
{
    private protected readonly double[] Visited;
    private protected readonly double[] Sigmas; // one more: the last is 0

    private protected SigmaSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options, MomentSpacing.Linspace)
    {
        var levels = new SigmaLevels(schedule);
        var moments = Timesteps.Of(options, Spacing, schedule.Steps);
        double[] sigmas = [.. moments.Select(levels.At)];
        if (options.Karras)
        {
            sigmas = SigmaLevels.Karras(sigmas[0], sigmas[^1], options.Steps);
            moments = [.. sigmas.Select(levels.MomentOf)];
        }
        (Visited, Sigmas) = (moments, [.. sigmas, 0]);
    }

    public override IReadOnlyList<double> Moments => Visited;

    public override double StartScale => Spacing == MomentSpacing.Leading ? Math.Sqrt(Sigmas[0] * Sigmas[0] + 1) : Sigmas[0];

    private protected abstract double SigmaOf(int look);

    public override Tensor Input(Tensor latents, int look)
    {
        var sigma = SigmaOf(look);
        return latents / Math.Sqrt(sigma * sigma + 1);
    }

    public override Tensor Noised(Tensor clean, Tensor noise, int look)
    {
        using var scope = NewDisposeScope();
        return (clean + SigmaOf(look) * noise).MoveToOuterDisposeScope();
    }

    // x₀ from an output at x = x₀ + σ·ε.
    private protected Tensor Clean(Tensor output, Tensor x, double sigma)
    {
        using var scope = NewDisposeScope();
        var (signal, share) = (1 / Math.Sqrt(sigma * sigma + 1), sigma / Math.Sqrt(sigma * sigma + 1));
        return Options.Prediction.ToClean(output, x * signal, signal, share).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Euler: d = (x − x₀)/σ, x' = x + (σ' − σ)·d, computed as x₀ + σ'·d, which loses no digits where σ is large; the ancestral
/// form goes further down and adds noise.
/// </summary>
internal sealed class EulerSampler(NoiseSchedule schedule, SamplerOptions options, bool ancestral) : SigmaSampler(schedule, options)
{
    private protected override double SigmaOf(int look) => Sigmas[look];

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var (sigma, next) = (Sigmas[look], Sigmas[look + 1]);
        var clean = Clean(output, latents, sigma);
        var direction = (latents - clean) / sigma;
        var up = ancestral ? Math.Sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma)) : 0;
        var down = Math.Sqrt(next * next - up * up);
        var x = clean + down * direction;
        if (up > 0) x = x + up * NoiseLike(latents, chance);
        return new(x.MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }
}

/// <summary>
/// Heun: an Euler step, a look at where it leads, and the step again along the mean of both directions. The last step is
/// Euler's; so is one from noise in which next to nothing of the picture is left. There σ falls at once from thousands to
/// tens, and the correction would multiply what the model errs by hundreds.
/// </summary>
internal sealed class HeunSampler : SigmaSampler
{
    private const double HighestCorrected = 80; // where the paper's own way begins

    private readonly (int Step, bool Corrects)[] looks;

    internal HeunSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options) =>
        looks = [.. Enumerable.Range(0, options.Steps).SelectMany(LooksOf)];

    public override IReadOnlyList<double> Moments => [.. looks.Select(look => Visited[look.Corrects ? look.Step + 1 : look.Step])];

    public override int LookOf(int step) => Array.IndexOf(looks, (step, false));

    private protected override double SigmaOf(int look) => Sigmas[looks[look].Corrects ? looks[look].Step + 1 : looks[look].Step];

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var (step, corrects) = looks[look];
        var clean = Clean(output, latents, SigmaOf(look));
        var direction = (latents - clean) / SigmaOf(look);
        var change = Sigmas[step + 1] - Sigmas[step];
        if (!corrects) return new((clean + Sigmas[step + 1] * direction).MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
        var start = before?.Start ?? throw new InvalidOperationException("Heun's second look needs the first.");
        var first = (start - before.Clean) / Sigmas[step];
        return new((start + change * 0.5 * (first + direction)).MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }

    private (int Step, bool Corrects)[] LooksOf(int step) =>
        step + 1 < Options.Steps && Sigmas[step] <= HighestCorrected ? [(step, false), (step, true)] : [(step, false)];
}

/// <summary>
/// DPM-Solver++ 2M: with λ = ln(α/σ), h the step in λ and r₀ the last step over this one, x' = (σ'/σ)·x − α'·(e^{−h} − 1)·(m₀ +
/// ½·(m₀ − m₁)/r₀), where m are the clean latents of this look and the last. The first step and the last, to σ = 0, have no m₁.
/// </summary>
internal sealed class DpmSolverSampler : Sampler
{
    private readonly double[] moments;
    private readonly double[] sigmas;

    internal DpmSolverSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options, MomentSpacing.Linspace)
    {
        var levels = new SigmaLevels(schedule);
        var (n, total) = (options.Steps, schedule.Steps);
        if (!options.Karras)
        {
            moments = [.. Timesteps.Of(options, Spacing, total, beforeLast: true).Select(moment => Math.Round(moment))];
            sigmas = [.. moments.Select(levels.At), 0];
            return;
        }
        sigmas = [.. SigmaLevels.Karras(levels.At(total - 1), levels.At(0), n), 0];
        moments = [.. sigmas.SkipLast(1).Select(sigma => Math.Round(levels.MomentOf(sigma)))];
    }

    public override IReadOnlyList<double> Moments => moments;

    public override Tensor Noised(Tensor clean, Tensor noise, int look)
    {
        using var scope = NewDisposeScope();
        var (signal, share) = Shares(look);
        return (signal * clean + share * noise).MoveToOuterDisposeScope();
    }

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var (signal, share) = Shares(look);
        var clean = Options.Prediction.ToClean(output, latents, signal, share);
        if (sigmas[look + 1] == 0) return new(clean.alias().MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
        var (nextSignal, nextShare) = Shares(look + 1);
        var h = Lambda(look + 1) - Lambda(look);
        var direction = clean;
        if (before is not null)
        {
            var r = (Lambda(look) - Lambda(look - 1)) / h;
            direction = clean + (clean - before.Clean) * (0.5 / r);
        }
        var x = latents * (nextShare / share) - direction * (nextSignal * (Math.Exp(-h) - 1));
        return new(x.MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }

    private (double Signal, double Share) Shares(int look)
    {
        var signal = 1 / Math.Sqrt(sigmas[look] * sigmas[look] + 1);
        return (signal, sigmas[look] * signal);
    }

    private double Lambda(int look) => -Math.Log(sigmas[look]);
}

/// <summary>The noise levels σ of a schedule, between its moments too.</summary>
internal sealed class SigmaLevels(NoiseSchedule schedule)
{
    // Where nothing of the picture is left σ is infinite: as published samplers do, the least share that fp16 tells from 0 stands
    // for none, or less where a longer schedule has come below that already.
    private readonly double[] sigmas = [.. schedule.AlphaBar.Select((kept, i) => kept > 0 ? kept : Math.Min(1.0 / (1 << 24), schedule.AlphaBar[i - 1] / 2))
        .Select(kept => Math.Sqrt((1 - kept) / kept))];

    /// <summary>σ at a moment; between two whole ones in a straight line.</summary>
    public double At(double moment)
    {
        var low = (int)Math.Clamp(Math.Floor(moment), 0, sigmas.Length - 1);
        var high = Math.Min(low + 1, sigmas.Length - 1);
        return sigmas[low] + (moment - low) * (sigmas[high] - sigmas[low]);
    }

    /// <summary>The moment of a level, between two whole ones in a straight line of ln σ.</summary>
    public double MomentOf(double sigma)
    {
        var at = Array.BinarySearch(sigmas, sigma);
        var low = Math.Clamp(at >= 0 ? at : ~at - 1, 0, sigmas.Length - 2);
        var (below, above) = (Math.Log(sigmas[low]), Math.Log(sigmas[low + 1]));
        return low + Math.Clamp((Math.Log(sigma) - below) / (above - below), 0, 1);
    }

    /// <summary>Karras' levels: evenly spaced in σ^(1/7).</summary>
    public static double[] Karras(double highest, double lowest, int count)
    {
        const double rho = 7;
        var (high, low) = (Math.Pow(highest, 1 / rho), Math.Pow(lowest, 1 / rho));
        return [.. Enumerable.Range(0, count).Select(i => Math.Pow(high + (count == 1 ? 0 : (double)i / (count - 1)) * (low - high), rho))];
    }
}

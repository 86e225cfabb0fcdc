using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Samplers that go from one whole moment to the next.</summary>
internal abstract class MomentSampler : Sampler
{
    private protected int[] Visited { get; init; }

    private protected MomentSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options, MomentSpacing.Leading) =>
        Visited = [.. Timesteps.Of(options, Spacing, schedule.Steps).Select(moment => (int)Math.Round(moment))];

    public override IReadOnlyList<double> Moments => [.. Visited.Select(moment => (double)moment)];

    public override Tensor Noised(Tensor clean, Tensor noise, int look) => Schedule.AddNoise(clean, noise, Visited[look]);

    // ᾱ after the step: the next moment's, or the end's.
    private protected double After(int look) => look + 1 < Visited.Length ? Schedule.AlphaBar[Visited[look + 1]] : End;

    private protected virtual double End => 1;
}

/// <summary>DDIM: x' = √ᾱ'·x₀ + √(1 − ᾱ' − s²)·ε + s·z, with s = η·√[(1 − ᾱ')/(1 − ᾱ)·(1 − ᾱ/ᾱ')].</summary>
internal sealed class DdimSampler(NoiseSchedule schedule, SamplerOptions options) : MomentSampler(schedule, options)
{
    private protected override double End => Options.EndsClean ? 1 : Schedule.AlphaBar[0];

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var (now, next) = (Schedule.AlphaBar[Visited[look]], After(look));
        var (signal, share) = (Math.Sqrt(now), Math.Sqrt(1 - now));
        var clean = Options.Prediction.ToClean(output, latents, signal, share);
        var noise = Options.Prediction.ToNoise(output, latents, signal, share);
        var s = Options.Eta * Math.Sqrt((1 - next) / (1 - now) * (1 - now / next));
        var x = Math.Sqrt(next) * clean + Math.Sqrt(Math.Max(0, 1 - next - s * s)) * noise;
        if (s > 0) x = x + s * NoiseLike(latents, chance);
        return new(x.MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }
}

/// <summary>DDIM backwards: from latents to the noise that leads to them. Exact as far as the model says the same of neighboring moments.</summary>
internal sealed class DdimInversion : MomentSampler
{
    internal DdimInversion(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options) => Array.Reverse(Visited);

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var end = Options.EndsClean ? 1 : Schedule.AlphaBar[0];
        var (now, next) = (look == 0 ? end : Schedule.AlphaBar[Visited[look - 1]], Schedule.AlphaBar[Visited[look]]);
        var (signal, share) = (Math.Sqrt(now), Math.Sqrt(1 - now));
        var clean = Options.Prediction.ToClean(output, latents, signal, share);
        var noise = Options.Prediction.ToNoise(output, latents, signal, share);
        return new((Math.Sqrt(next) * clean + Math.Sqrt(1 - next) * noise).MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }
}

/// <summary>
/// DDPM: the mean x₀·√ᾱ'·β/(1 − ᾱ) + x·√α·(1 − ᾱ')/(1 − ᾱ), and noise of variance β·(1 − ᾱ')/(1 − ᾱ), none at the end;
/// α = ᾱ/ᾱ' and β = 1 − α span the moments that were left out.
/// </summary>
internal sealed class DdpmSampler(NoiseSchedule schedule, SamplerOptions options) : MomentSampler(schedule, options)
{
    private const double LeastVariance = 1e-20;

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var (now, next) = (Schedule.AlphaBar[Visited[look]], After(look));
        var (alpha, beta) = (now / next, 1 - now / next);
        var clean = Options.Prediction.ToClean(output, latents, Math.Sqrt(now), Math.Sqrt(1 - now));
        var x = clean * (Math.Sqrt(next) * beta / (1 - now)) + latents * (Math.Sqrt(alpha) * (1 - next) / (1 - now));
        if (Visited[look] > 0) x = x + Math.Sqrt(Math.Max(LeastVariance, beta * (1 - next) / (1 - now))) * NoiseLike(latents, chance);
        return new(x.MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents);
    }
}

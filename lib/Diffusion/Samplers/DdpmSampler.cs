using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>DDPM (Ho and others, arXiv 2006.11239, algorithm 2), over as many timesteps as there are steps.</summary>
internal sealed class DdpmSampler(NoiseSchedule schedule, SamplerOptions options) : AlphaBarSampler(schedule, options)
{
    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var last = i + 1 == Whole.Length;
            var (now, next) = (AlphaBar(i), last ? 1 : AlphaBar(i + 1)); // ᾱ, ᾱ'
            var (alpha, beta) = (now / next, 1 - now / next); // α = ᾱ/ᾱ' and β = 1 − α span the timesteps left out
            var x0 = Options.Bounded(PredictedOriginal(run.Model(x, Whole[i]), x, now));
            // μ = √ᾱ'·β/(1 − ᾱ)·x₀ + √α·(1 − ᾱ')/(1 − ᾱ)·x
            var xNext = Math.Sqrt(next) * beta / (1 - now) * x0 + Math.Sqrt(alpha) * (1 - next) / (1 - now) * x;
            // σ² = β·(1 − ᾱ')/(1 − ᾱ), or β; and x' = μ + σ·z, with no noise at the end
            var variance = Options.Variance == VarianceType.FixedLarge ? beta : beta * (1 - next) / (1 - now);
            if (!last) xNext = xNext + Math.Sqrt(variance) * run.Noise(x);
            x = run.Finish(i, x, xNext, x0);
        }
        return x;
    }
}

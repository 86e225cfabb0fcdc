using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Euler's method on dx/dσ (Karras and others, arXiv 2206.00364).</summary>
internal sealed class EulerSampler(NoiseSchedule schedule, SamplerOptions options)
    : SigmaSampler(schedule, options, options.FinalSigma)
{
    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var x0 = PredictedOriginal(run, x, i);
            var d = (x - x0) / Sigmas[i]; // dx/dσ = (x − x₀)/σ
            // x' = x + (σ' − σ)·d, which is x₀ + σ'·d: so no digits are lost where σ is large
            var xNext = x0 + Sigmas[i + 1] * d;
            x = run.Finish(i, x, xNext, x0);
        }
        return x;
    }
}

/// <summary>Euler's steps, each a little too far down, and then noise added again (Crowson, k-diffusion).</summary>
internal sealed class EulerAncestralSampler(NoiseSchedule schedule, SamplerOptions options)
    : SigmaSampler(schedule, options)
{
    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var (sigma, next) = (Sigmas[i], Sigmas[i + 1]);
            var x0 = PredictedOriginal(run, x, i);
            // σ_up² = σ'²·(σ² − σ'²)/σ², and σ_down² = σ'² − σ_up²
            var up = Math.Sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
            var down = Math.Sqrt(next * next - up * up);
            var d = (x - x0) / sigma;  // dx/dσ = (x − x₀)/σ
            var xNext = x0 + down * d; // x' = x₀ + σ_down·d + σ_up·z
            if (up > 0) xNext = xNext + up * run.Noise(x);
            x = run.Finish(i, x, xNext, x0);
        }
        return x;
    }
}

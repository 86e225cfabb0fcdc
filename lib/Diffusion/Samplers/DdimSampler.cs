using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>DDIM (Song and others, arXiv 2010.02502, equations 12 and 16).</summary>
internal sealed class DdimSampler(NoiseSchedule schedule, SamplerOptions options) : AlphaBarSampler(schedule, options)
{
    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var (now, next) = (AlphaBar(i), AlphaBar(i + 1)); // ᾱ, ᾱ'
            var output = run.Model(x, Whole[i]);
            var (x0, epsilon) = (Options.Bounded(PredictedOriginal(output, x, now)), PredictedNoise(output, x, now));
            // s = η·√[(1 − ᾱ')/(1 − ᾱ)·(1 − ᾱ/ᾱ')]: none for η = 0, DDPM's for η = 1
            var s = Options.Eta * Math.Sqrt((1 - next) / (1 - now) * (1 - now / next));
            // x' = √ᾱ'·x₀ + √(1 − ᾱ' − s²)·ε + s·z
            var xNext = Math.Sqrt(next) * x0 + Math.Sqrt(Math.Max(0, 1 - next - s * s)) * epsilon;
            if (s > 0) xNext = xNext + s * run.Noise(x);
            x = run.Finish(i, x, xNext, x0);
        }
        return x;
    }
}

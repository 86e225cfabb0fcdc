using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Heun's method on dx/dσ (Karras and others, arXiv 2206.00364, algorithm 1): an Euler step, an evaluation where it
/// leads, and the step again along the mean of both directions. The last step is Euler's; so is one from noise in which
/// next to nothing of the picture is left. There σ falls at once from thousands to tens, and the correction would
/// multiply the model's errors by hundreds.
/// </summary>
internal sealed class HeunSampler(NoiseSchedule schedule, SamplerOptions options) : SigmaSampler(schedule, options)
{
    private const double HighestCorrected = 80; // where the paper's own way begins

    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var (sigma, next) = (Sigmas[i], Sigmas[i + 1]);
            var x0 = Options.Bounded(PredictedOriginal(run, x, i));
            var d = (x - x0) / sigma;    // dx/dσ = (x − x₀)/σ
            var xNext = x0 + next * d;   // Euler's step
            if (i + 1 < Timesteps.Count && sigma <= HighestCorrected)
            {
                x0 = Options.Bounded(PredictedOriginal(run, xNext, i + 1));
                var dNext = (xNext - x0) / next;
                xNext = x + (next - sigma) * (d + dNext) / 2; // x' = x + (σ' − σ)·(d + d')/2
            }
            x = run.Finish(i, x, xNext, x0);
        }
        return x;
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// PLMS (Liu and others, arXiv 2202.09778): DDIM's step, but along a sum of the last predictions with the weights of Adams and
/// Bashforth, and the shorter sums while fewer are known. The very first step is taken twice: the model is evaluated at its
/// end, and the mean of both predictions leads there again. The predictions are summed as the network makes them: velocities
/// stay small where noises would be divided by nothing.
/// </summary>
internal sealed class PlmsSampler(NoiseSchedule schedule, SamplerOptions options) : AlphaBarSampler(schedule, options)
{
    private static readonly double[][] AdamsBashforth =
        [[1], [3 / 2.0, -1 / 2.0], [23 / 12.0, -16 / 12.0, 5 / 12.0], [55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0]];

    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        var outputs = new List<Tensor>(); // the newest first
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var (now, next) = (AlphaBar(i), AlphaBar(i + 1)); // ᾱ, ᾱ'
            var output = run.Model(x, Whole[i]);
            SamplingRun.Remember(outputs, output, length: 4);
            var mixed = Mixed();
            var x0 = PredictedOriginal(mixed, x, now);
            x = run.Finish(i, x, Transfer(x, mixed, now, next), x0);

            Tensor Mixed()
            {
                if (i == 0 && Whole.Length > 1) return (output + run.Model(Transfer(x, output, now, next), Whole[1])) / 2;
                // (55·o₀ − 59·o₁ + 37·o₂ − 9·o₃)/24
                return AdamsBashforth[outputs.Count - 1].Zip(outputs, (weight, each) => weight * each).Aggregate((a, b) => a + b);
            }
        }
        return x;
    }

    // DDIM's step: x' = √ᾱ'·x₀ + √(1 − ᾱ')·ε
    private Tensor Transfer(Tensor x, Tensor output, double now, double next) =>
        Math.Sqrt(next) * PredictedOriginal(output, x, now) + Math.Sqrt(1 - next) * PredictedNoise(output, x, now);
}

using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// PLMS (Liu and others, arXiv 2202.09778): DDIM's step, but along a sum of the last predictions with the weights of
/// Adams and Bashforth, and the shorter sums while fewer are known. The very first step is taken twice: the model is
/// evaluated at its end, and the mean of both predictions leads there again. The paper's own beginning, three steps of
/// Runge and Kutta, is an option. The predictions are summed as the network makes them: velocities stay small where
/// noises would be divided by nothing.
/// </summary>
internal sealed class PlmsSampler : AlphaBarSampler
{
    private const int RungeKuttaSteps = 3;

    private static readonly double[][] AdamsBashforth =
        [[1], [3 / 2.0, -1 / 2.0], [23 / 12.0, -16 / 12.0, 5 / 12.0], [55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0]];

    internal PlmsSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options)
    {
        if (!options.SkipPrkSteps && options.Steps <= RungeKuttaSteps)
            throw new CourseException($"Steps is {options.Steps}: PLMS with Runge-Kutta steps needs at least "
                + $"{RungeKuttaSteps + 1}, or SkipPrkSteps.");
    }

    private protected override Tensor Loop(Tensor x, SamplingRun run)
    {
        var outputs = new List<Tensor>(); // the newest first
        for (var i = run.FirstStep; run.Continues(i); i++)
        {
            using var scope = NewDisposeScope();
            var (now, next) = (AlphaBar(i), AlphaBar(i + 1)); // ᾱ, ᾱ'
            var output = run.Model(x, Whole[i]);
            SamplingRun.Remember(outputs, output, length: 4);
            var mixed = Sum(outputs);
            if (!Options.SkipPrkSteps && outputs.Count <= RungeKuttaSteps && i + 1 < Whole.Length)
                mixed = RungeKutta(x, output, i, run);
            else if (Options.SkipPrkSteps && i == 0 && Whole.Length > 1)
                mixed = (output + run.Model(Transfer(x, output, now, next), Whole[1])) / 2;
            x = run.Finish(i, x, Transfer(x, mixed, now, next), PredictedOriginal(mixed, x, now));
        }
        return x;
    }

    // (55·o₀ − 59·o₁ + 37·o₂ − 9·o₃)/24
    private static Tensor Sum(List<Tensor> outputs)
    {
        var weights = AdamsBashforth[outputs.Count - 1];
        return weights.Zip(outputs, (weight, output) => weight * output).Aggregate((a, b) => a + b);
    }

    // (o₁ + 2·o₂ + 2·o₃ + o₄)/6: here, twice halfway, and at the end
    private Tensor RungeKutta(Tensor x, Tensor first, int i, SamplingRun run)
    {
        var half = Whole[i + 1] + Schedule.TrainTimesteps / Whole.Length / 2;
        var (now, halfway, next) = (AlphaBar(i), Schedule.AlphaBar[half], AlphaBar(i + 1));
        var second = run.Model(Transfer(x, first, now, halfway), half);
        var third = run.Model(Transfer(x, second, now, halfway), half);
        var fourth = run.Model(Transfer(x, third, now, next), Whole[i + 1]);
        return (first + 2 * second + 2 * third + fourth) / 6;
    }

    // DDIM's step: x' = √ᾱ'·x₀ + √(1 − ᾱ')·ε
    private Tensor Transfer(Tensor x, Tensor output, double now, double next) =>
        Math.Sqrt(next) * PredictedOriginal(output, x, now) + Math.Sqrt(1 - next) * PredictedNoise(output, x, now);
}

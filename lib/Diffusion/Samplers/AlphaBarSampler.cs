using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Samplers that go from one whole timestep to the next, along x_t = √ᾱ·x₀ + √(1 − ᾱ)·ε.</summary>
internal abstract class AlphaBarSampler : Sampler
{
    private protected readonly int[] Whole;

    private protected AlphaBarSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options) =>
        Whole = [.. Diffusion.Timesteps.Of(options, TimestepSpacing.Leading, schedule.TrainTimesteps)
            .Select(t => (int)Math.Round(t))];

    public override IReadOnlyList<double> Timesteps => [.. Whole.Select(t => (double)t)];

    public override Tensor AddNoise(Tensor original, Tensor noise, int step) =>
        Schedule.AddNoise(original, noise, Whole[step]);

    // ᾱ where a step begins; after the last step nothing but the picture is left, or as much noise as at timestep 0.
    private protected double AlphaBar(int step) =>
        step < Whole.Length ? Schedule.AlphaBar[Whole[step]] : Options.SetAlphaToOne ? 1 : Schedule.AlphaBar[0];

    // x₀ from a prediction at x_t.
    private protected Tensor PredictedOriginal(Tensor output, Tensor x, double alphaBar) =>
        Options.Prediction.ToOriginal(output, x, Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));

    // ε from a prediction at x_t.
    private protected Tensor PredictedNoise(Tensor output, Tensor x, double alphaBar) =>
        Options.Prediction.ToEpsilon(output, x, Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
}

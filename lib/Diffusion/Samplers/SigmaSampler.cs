using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Samplers that count in noise levels σ = √((1 − ᾱ)/ᾱ), along x = x₀ + σ·ε. The model knows x/√(σ² + 1), which is x_t.
/// </summary>
internal abstract class SigmaSampler : Sampler
{
    internal readonly double[] Sigmas; // one more than timesteps: where the last step ends

    private protected SigmaSampler(NoiseSchedule schedule, SamplerOptions options, FinalSigma end = FinalSigma.Zero)
        : base(schedule, options)
    {
        var levels = new SigmaLevels(schedule);
        var timesteps = Diffusion.Timesteps.Of(options, TimestepSpacing.Linspace, schedule.TrainTimesteps);
        double[] sigmas = [.. timesteps.Select(levels.At)];
        if (options.KarrasSigmas)
        {
            sigmas = SigmaLevels.Karras(sigmas[0], sigmas[^1], options.Steps);
            timesteps = [.. sigmas.Select(levels.TimestepOf)];
        }
        (Timesteps, Sigmas) = (timesteps, [.. sigmas, end == FinalSigma.Zero ? 0 : levels.At(0)]);
        if (Sigmas[0] <= Sigmas[^1] * (1 + 1e-9)) // Karras' roots lose the last digit
            throw new CourseException($"Steps is {options.Steps}: it begins at timestep {timesteps[0]:0.##}, and "
                + "FinalSigma.SigmaMin ends there. Take 2 or more, or another Spacing.");
    }

    public override IReadOnlyList<double> Timesteps { get; }

    // Leading timesteps never reach pure noise: there the picture's own variance, 1, counts as well.
    public override double InitNoiseSigma =>
        Options.Spacing == TimestepSpacing.Leading ? Math.Sqrt(Sigmas[0] * Sigmas[0] + 1) : Sigmas[0];

    public override Tensor AddNoise(Tensor original, Tensor noise, int step)
    {
        using var scope = NewDisposeScope();
        return (original + Sigmas[step] * noise).MoveToOuterDisposeScope();
    }

    // x₀ as the model predicts it at x = x₀ + σ·ε.
    private protected Tensor PredictedOriginal(SamplingRun run, Tensor x, int step)
    {
        using var scope = NewDisposeScope();
        var sigma = Sigmas[step];
        var sqrtAlphaBar = 1 / Math.Sqrt(sigma * sigma + 1);
        var noisy = x * sqrtAlphaBar; // x_t
        var output = run.Model(noisy, Timesteps[step]);
        var x0 = Options.Prediction.ToOriginal(output, noisy, sqrtAlphaBar, sigma * sqrtAlphaBar);
        return x0.MoveToOuterDisposeScope();
    }
}

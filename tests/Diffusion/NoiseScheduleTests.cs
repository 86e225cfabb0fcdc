using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class NoiseScheduleTests
{
    [Fact]
    public void PublishedAnchorsHold()
    {
        var sd = NoiseSchedule.StableDiffusion;
        Assert.Equal(0.99915, sd.AlphaBar[0], 1e-7);
        Assert.Equal(0.0046601, sd.AlphaBar[999], 1e-7);
        Assert.Equal(0.029167, sd.Sigma(0), 1e-6);
        Assert.Equal(14.6146, sd.Sigma(999), 1e-4);
        Assert.Equal(4.036e-5, NoiseSchedule.Of(BetaSchedule.Linear).AlphaBar[999], 1e-8);
    }

    [Theory]
    [InlineData("scaled_linear")]
    [InlineData("linear")]
    [InlineData("cosine")]
    [InlineData("sigmoid")]
    [InlineData("zero")]
    public void EveryCurveIsTheOtherImplementations(string name)
    {
        var schedule = name switch
        {
            "scaled_linear" => NoiseSchedule.StableDiffusion,
            "linear" => NoiseSchedule.Of(BetaSchedule.Linear),
            "cosine" => NoiseSchedule.Of(BetaSchedule.Cosine),
            "sigmoid" => NoiseSchedule.Of(BetaSchedule.Sigmoid),
            _ => NoiseSchedule.StableDiffusion.WithZeroTerminalSnr(),
        };
        var expected = Samplers.GetProperty("schedules").GetProperty(name).Numbers();
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], schedule.AlphaBar[111 * i], 1e-12);
    }

    [Fact]
    public void ZeroTerminalSnrLeavesTheFirstTimestepAndEmptiesTheLast()
    {
        var sd = NoiseSchedule.StableDiffusion;
        var zero = sd.WithZeroTerminalSnr();
        Assert.Equal(sd.AlphaBar[0], zero.AlphaBar[0], 1e-12);
        Assert.Equal(0, zero.AlphaBar[999]);
        Assert.Contains("PredictionType.Velocity", Assert.Throws<CourseException>(() => Sampler.Of(SamplerKind.Ddim, zero, new() { Spacing = TimestepSpacing.Trailing })).Message);
    }

    [Fact]
    public void NoiseIsAddedByTheFormula()
    {
        using var scope = NewDisposeScope();
        var schedule = NoiseSchedule.OfBetas([0.36, 0.75]); // ᾱ = 0.64, 0.16
        var (clean, noise) = (full([2, 1, 1, 1], 10f), full([2, 1, 1, 1], 1f));
        var noisy = schedule.AddNoise(clean, noise, tensor(new[] { 0L, 1 })).data<float>().ToArray();
        Assert.Equal(0.8 * 10 + 0.6, noisy[0], 1e-5);
        Assert.Equal(0.4 * 10 + Math.Sqrt(0.84), noisy[1], 1e-5);
        Assert.Equal(noisy[1], schedule.AddNoise(clean, noise, 1)[0].ToSingle(), 1e-5);
    }

    [Fact]
    public void PredictionsTurnIntoOneAnotherExactly()
    {
        using var scope = NewDisposeScope();
        var (clean, noise) = (rand(2, 4, 3, 3, ScalarType.Float64), randn(2, 4, 3, 3, ScalarType.Float64));
        var (a, s) = (0.8, 0.6);
        var noisy = a * clean + s * noise;
        foreach (var kind in Enum.GetValues<PredictionType>())
        {
            var said = kind.Target(clean, noise, tensor(a, dtype: ScalarType.Float64), tensor(s, dtype: ScalarType.Float64));
            Assert.True(kind.ToOriginal(said, noisy, a, s).allclose(clean, rtol: 1e-12), kind.ToString());
            Assert.True(kind.ToEpsilon(said, noisy, a, s).allclose(noise, rtol: 1e-12, atol: 1e-12), kind.ToString());
        }
    }

    [Fact]
    public void MinSnrWeightsAreThePapers()
    {
        using var scope = NewDisposeScope();
        // ᾱ = 0.96 and 0.5: SNR 24 and 1.
        var schedule = NoiseSchedule.OfBetas([0.04, 1 - 0.5 / 0.96]);
        var both = tensor(new[] { 0L, 1 });
        Assert.Equal([5 / 24f, 1], schedule.MinSnrWeights(both, PredictionType.Epsilon).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal([5 / 25f, 0.5f], schedule.MinSnrWeights(both, PredictionType.Velocity).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal([5f, 1], schedule.MinSnrWeights(both, PredictionType.Sample).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void WhatCannotBeIsNamed()
    {
        Assert.Contains("1 timesteps", Assert.Throws<CourseException>(() => NoiseSchedule.Of(BetaSchedule.Linear, timesteps: 1)).Message);
        Assert.Contains("rise", Assert.Throws<CourseException>(() => NoiseSchedule.Of(BetaSchedule.Linear, betaStart: 0.5, betaEnd: 0.1)).Message);
    }

    [Fact]
    public void AConfigurationSurvivesItsJsonAndReadsPublishedOnes()
    {
        var config = DiffusionConfig.Petals with { ZeroTerminalSnr = true };
        Assert.Equal(config, DiffusionConfig.FromJson(config.ToJson(), "a test"));
        Assert.Equal(DiffusionConfig.StableDiffusion, DiffusionConfig.FromJson(
            """{"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1}""", "a test"));
        Assert.Contains("\"trained_betas\"", Assert.Throws<CourseException>(() => DiffusionConfig.FromJson("""{"beta_schedule": "trained_betas"}""", "a test")).Message);
    }
}

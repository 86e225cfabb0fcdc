using System.Text.Json;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>A scheduler_config.json is sampled as diffusers samples it, or refused by name.</summary>
public class SchedulerConfigTests
{
    private static readonly JsonElement[] Cases = [.. Schedulers.GetProperty("cases").EnumerateArray()];

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, Cases.Length)];

    public static TheoryData<string> Classes => [.. Schedulers.GetProperty("defaults").EnumerateObject().Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void EveryStepIsDiffusers(int row)
    {
        using var scope = NewDisposeScope();
        var (expected, drawn, evaluation) = (Cases[row], 0, 0);
        var json = expected.GetProperty("config").GetString()!;
        var config = DiffusionConfig.FromJson(json, "a test");
        var sampler = Sampler.Of(Sampler.OfClass(config.Scheduler!)!.Value, config.Schedule(),
            config.Sampling with { Steps = expected.GetProperty("steps").GetInt32(), Prediction = config.Prediction });
        Assert.Equal(expected.GetProperty("init_noise_sigma").GetDouble(), sampler.InitNoiseSigma, 1e-4 * sampler.InitNoiseSigma);
        var (timesteps, inputs) = (expected.GetProperty("timesteps").Numbers(), expected.GetProperty("inputs").EnumerateArray().Select(input => input.Numbers()).ToArray());
        var end = sampler.Sample(Noise(99) * sampler.InitNoiseSigma, Model, noise: _ => Noise(drawn++), cancellation: TestContext.Current.CancellationToken);
        Near(expected.GetProperty("end").Numbers(), end, "the end");
        Assert.Equal(timesteps.Length, evaluation);

        Tensor Model(Tensor x, double timestep)
        {
            Assert.Equal(timesteps[evaluation], timestep, 5e-3); // found from ln σ in float32
            Near(inputs[evaluation], x, $"evaluation {evaluation}");
            evaluation++;
            return 0.5 * x.sin() + 0.2 * x + 0.3 * timestep / 1000 * (3 * x).cos();
        }

        void Near(double[] right, Tensor x, string where)
        {
            var found = x.data<double>().ToArray();
            for (var i = 0; i < right.Length; i++)
                Assert.True(Math.Abs(found[i] - right[i]) < 1e-4 * Math.Max(1, Math.Abs(right[i])), $"{json}\n{where}: {string.Join(" ", found)}; {string.Join(" ", right)} is right");
        }
    }

    // All that the class knows, as it is when nobody says otherwise.
    [Theory]
    [MemberData(nameof(Classes))]
    public void WhatAFileDoesNotSayIsWhatItsClassTakesForGranted(string name)
    {
        var said = Schedulers.GetProperty("defaults").GetProperty(name).GetString()!.Replace("{", $$"""{"_class_name": "{{name}}", "_diffusers_version": "0.30.0", """);
        var nothing = DiffusionConfig.FromJson($$"""{"_class_name": "{{name}}"}""", "a test");
        var all = DiffusionConfig.FromJson(said, "a test");
        Assert.Equal(nothing, all with { Sampling = all.Sampling with { Spacing = null } });
        // The sampler's usual spacing is the class's.
        Assert.Equal(Timesteps(nothing), Timesteps(all));
        Assert.Contains("has 'new_option'", Assert.Throws<CourseException>(() => DiffusionConfig.FromJson(said.Replace("{", """{"new_option": 3, """), "a test")).Message);

        static IReadOnlyList<double> Timesteps(DiffusionConfig config) =>
            Sampler.Of(Sampler.OfClass(config.Scheduler!)!.Value, config.Schedule(), config.Sampling with { Steps = 9 }).Timesteps;
    }

    [Fact]
    public void AClassThatTheCourseHasNotMayHaveOptionsOfItsOwn()
    {
        var config = DiffusionConfig.FromJson("""{"_class_name": "UniPCMultistepScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "solver_order": 9, "solver_type": "bh2", "odd": 1}""", "a test");
        Assert.Equal(new DiffusionConfig(BetaSchedule.ScaledLinear, PredictionType.Epsilon, 1000, 0.00085, 0.012) { Scheduler = "UniPCMultistepScheduler" }, config);
    }

    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver\"",
        "'algorithm_type' \"sde-dpmsolver\"; the course has dpmsolver++, dpmsolver, sde-dpmsolver++")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3",
        "SolverOrder is 3: for SdeDpmSolverPlusPlus it must be from 1 to 2")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 4", "SolverOrder is 4")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 0", "SolverOrder is 0")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 2.5",
        "needs a whole number for 'solver_order', not 2.5")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_type\": \"odd\"",
        "'solver_type' \"odd\"; the course has midpoint, heun")]
    [InlineData("DPMSolverMultistepScheduler", "\"lambda_min_clipped\": -5.1",
        "'lambda_min_clipped' -5.1; the course has only -Infinity")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_lu_lambdas\": true",
        "'use_lu_lambdas' true; the course has only false")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_flow_sigmas\": true", "'use_flow_sigmas' true")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_exponential_sigmas\": true", "'use_exponential_sigmas' true")]
    [InlineData("DPMSolverMultistepScheduler", "\"variance_type\": \"learned_range\"",
        "'variance_type' \"learned_range\"; the course has fixed_small")]
    [InlineData("DPMSolverMultistepScheduler", "\"prediction_type\": \"flow_prediction\"",
        "'prediction_type' \"flow_prediction\"; the course has epsilon, sample, v_prediction")]
    [InlineData("DDPMScheduler", "\"variance_type\": \"learned\"", "'variance_type' \"learned\"")]
    [InlineData("DDPMScheduler", "\"beta_schedule\": \"laplace\"",
        "'beta_schedule' \"laplace\"; the course has linear, scaled_linear, squaredcos_cap_v2, sigmoid")]
    [InlineData("DDPMScheduler", "\"predict_epsilon\": false", "'predict_epsilon' false; the course has only true")]
    [InlineData("DDPMScheduler", "\"clip_sample_range\": 0", "ClipSampleRange is 0")]
    [InlineData("DDPMScheduler", "\"clip_sample\": \"yes\"", "needs true or false for 'clip_sample', not \"yes\"")]
    [InlineData("DDIMScheduler", "\"thresholding\": true, \"dynamic_thresholding_ratio\": 2",
        "Thresholding has the ratio 2")]
    [InlineData("DDIMScheduler", "\"thresholding\": true, \"sample_max_value\": 0.5", "at most 0.5")]
    [InlineData("DDIMScheduler", "\"steps_offset\": -1", "StepsOffset is -1: it must be from 0 to 999")]
    [InlineData("DDIMScheduler", "\"num_train_timesteps\": 1", "cannot have 1 timesteps")]
    [InlineData("DDIMScheduler", "\"trained_betas\": [0.1, 0.2]",
        "has 2 'trained_betas' for 1000 'num_train_timesteps'")]
    [InlineData("DDIMScheduler", "\"trained_betas\": [0.1, 1.2], \"num_train_timesteps\": 2",
        "β 1.2 at timestep 1 of 2")]
    [InlineData("DDIMScheduler", "\"trained_betas\": [0.1, NaN], \"num_train_timesteps\": 2",
        "needs a list of numbers for 'trained_betas'")]
    [InlineData("DDIMScheduler", "\"beta_end\": NaN", "needs a number for 'beta_end', not \"NaN\"")]
    [InlineData("DDIMScheduler", "\"rescale_betas_zero_snr\": true", "a prediction of noise says nothing")]
    [InlineData("EulerDiscreteScheduler", "\"interpolation_type\": \"log_linear\"",
        "'interpolation_type' \"log_linear\"; the course has only linear")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_type\": \"continuous\"",
        "'timestep_type' \"continuous\"; the course has only discrete")]
    [InlineData("EulerDiscreteScheduler", "\"final_sigmas_type\": \"odd\"",
        "'final_sigmas_type' \"odd\"; the course has zero, sigma_min")]
    [InlineData("EulerDiscreteScheduler", "\"sigma_max\": 700", "'sigma_max' 700; the course has nothing of the kind")]
    [InlineData("EulerDiscreteScheduler", "\"use_beta_sigmas\": true", "'use_beta_sigmas' true")]
    [InlineData("HeunDiscreteScheduler", "\"beta_schedule\": \"exp\"", "'beta_schedule' \"exp\"")]
    public void WhatTheCourseHasNotIsRefusedByName(string name, string option, string message) =>
        Assert.Contains(message, Assert.Throws<CourseException>(() => DiffusionConfig.FromJson($$"""{"_class_name": "{{name}}", {{option}}}""", "a test")).Message);

    [Fact]
    public void RungeKuttaNeedsFourSteps()
    {
        var config = DiffusionConfig.FromJson("""{"_class_name": "PNDMScheduler"}""", "a test");
        Assert.Contains("Steps is 3: PLMS with Runge-Kutta steps needs at least 4",
            Assert.Throws<CourseException>(() => Sampler.Of(SamplerKind.Plms, config.Schedule(), config.Sampling with { Steps = 3 })).Message);
    }

    [Fact]
    public void EveryOptionSurvivesItsJson()
    {
        foreach (var row in Cases)
        {
            var config = DiffusionConfig.FromJson(row.GetProperty("config").GetString()!, "a test");
            var again = DiffusionConfig.FromJson(config.ToJson(), "a test");
            Assert.Equal(config.TrainedBetas, again.TrainedBetas);
            Assert.Equal(config with { TrainedBetas = null }, again with { TrainedBetas = null });
        }
    }

    // The last of a published file's four variances is none in diffusers itself: the root of a logarithm below 0.
    [Fact]
    public void TheLogFormsAreTheSameVariances()
    {
        Assert.Equal(Read("fixed_large"), Read("fixed_large_log"));
        Assert.Equal(Read("fixed_small"), Read("fixed_small_log"));
        Assert.NotEqual(Read("fixed_small"), Read("fixed_large"));

        static DiffusionConfig Read(string variance) => DiffusionConfig.FromJson($$"""{"_class_name": "DDPMScheduler", "variance_type": "{{variance}}"}""", "a test");
    }

    // The script's noise(k).
    private static Tensor Noise(int k) => tensor(Enumerable.Range(0, 4).Select(j => Math.Sin(1.7 * (k + 1) * (j + 1)) * 1.4).ToArray(), [2, 1, 1, 2]);
}

using System.Text.Json;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>A published model's scheduler_config.json chooses the sampler where nobody says.</summary>
public sealed class OwnSamplerTests : IDisposable
{
    // Stable Diffusion 1.5's, as published.
    private const string Published = """
        {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
         "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}
        """;

    private readonly TemporaryFolder folder = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    // What diffusers' schedulers visit in 20 steps: the first timesteps and the last.
    [Theory]
    [InlineData("PNDMScheduler", "", typeof(PlmsSampler), new[] { 951.0, 901, 851 }, 1)]
    [InlineData("DDIMScheduler", "", typeof(DdimSampler), new[] { 951.0, 901 }, 1)]
    [InlineData("DDIMScheduler", "trailing", typeof(DdimSampler), new[] { 999.0, 949 }, 49)]
    [InlineData("DDPMScheduler", "", typeof(DdpmSampler), new[] { 951.0, 901 }, 1)]
    [InlineData("EulerDiscreteScheduler", "", typeof(EulerSampler), new[] { 999.0 }, 0)]
    [InlineData("EulerDiscreteScheduler", "leading", typeof(EulerSampler), new[] { 951.0, 901 }, 1)]
    [InlineData("EulerAncestralDiscreteScheduler", "linspace", typeof(EulerAncestralSampler), new[] { 999.0 }, 0)]
    [InlineData("HeunDiscreteScheduler", "", typeof(HeunSampler), new[] { 999.0 }, 0)]
    [InlineData("DPMSolverMultistepScheduler", "", typeof(DpmSolverSampler), new[] { 999.0, 949 }, 50)]
    public void TheClassAndTheSpacingChoose(string name, string spacing, Type kind, double[] first, double last)
    {
        var json = Published.Replace("PNDMScheduler", name);
        if (spacing.Length > 0) json = json.Replace("\"clip_sample\"", $"\"timestep_spacing\": \"{spacing}\", \"clip_sample\"");
        var config = DiffusionConfig.FromJson(json, "a test");
        using var model = With(config);
        var sampler = model.SamplerOf(new() { Steps = 20, Warn = Assert.Fail });
        Assert.IsType(kind, sampler);
        Assert.Equal(first, sampler.Timesteps.Take(first.Length));
        Assert.Equal(last, sampler.Timesteps[^1]);
        Assert.Equal(config, DiffusionConfig.FromJson(config.ToJson(), "a test"));
    }

    [Fact]
    public void WhatIsSaidGoesBeforeTheConfiguration()
    {
        var config = DiffusionConfig.FromJson(Published.Replace("PNDMScheduler", "EulerDiscreteScheduler").Replace("\"clip_sample\"", "\"use_karras_sigmas\": true, \"clip_sample\""), "a test");
        using var model = With(config);
        Assert.True(model.SamplerOf(new()).Options.KarrasSigmas);
        Assert.False(model.SamplerOf(new() { KarrasSigmas = false }).Options.KarrasSigmas);
        Assert.IsType<DdimSampler>(model.SamplerOf(new() { Sampler = SamplerKind.Ddim }));
        Assert.Equal(TimestepSpacing.Trailing, model.SamplerOf(new() { Spacing = TimestepSpacing.Trailing }).Options.Spacing);
        Assert.Contains("\"odd\"; the course has leading, linspace, trailing", Assert.Throws<CourseException>(() => DiffusionConfig.FromJson("""{"timestep_spacing": "odd"}""", "a test")).Message);
    }

    [Fact]
    public void AnUnknownClassIsToldOnceAndTheCoursesDefaultTaken()
    {
        using var model = With(DiffusionConfig.FromJson(Published.Replace("PNDMScheduler", "LMSDiscreteScheduler"), "a test"));
        var warnings = new List<string>();
        var options = new GenerationOptions { Warn = warnings.Add };
        Assert.IsType<DdimSampler>(model.SamplerOf(options with { Sampler = SamplerKind.Ddim }));
        Assert.Empty(warnings);
        Assert.IsType<DpmSolverSampler>(model.SamplerOf(options));
        Assert.IsType<DpmSolverSampler>(model.SamplerOf(options));
        Assert.Contains("LMSDiscreteScheduler", Assert.Single(warnings));
    }

    // diffusers goes by the index, and so does the course; and says so once.
    [Theory]
    [InlineData("EulerDiscreteScheduler", "PNDMScheduler", typeof(EulerSampler), "scheduler_config.json is of a PNDMScheduler, and model_index.json beside it names a EulerDiscreteScheduler")]
    [InlineData("PNDMScheduler", "PNDMScheduler", typeof(PlmsSampler), null)]
    [InlineData("LMSDiscreteScheduler", "LMSDiscreteScheduler", typeof(DpmSolverSampler), "a LMSDiscreteScheduler, which the course has not")]
    [InlineData("UniPCMultistepScheduler", "PNDMScheduler", typeof(DpmSolverSampler), "names a UniPCMultistepScheduler|a UniPCMultistepScheduler, which the course has not")]
    [InlineData("EulerDiscreteScheduler", null, typeof(EulerSampler), null)]
    [InlineData("DDIMScheduler", null, typeof(DpmSolverSampler), null)] // as the course writes it for a model without a class
    public void AnIndexThatNamesAnotherSchedulerIsObeyedAndToldOnce(string indexed, string? own, Type kind, string? told)
    {
        using (var made = Small()) StableDiffusion.Save(made, folder.Path);
        File.WriteAllText(folder["model_index.json"], File.ReadAllText(folder["model_index.json"]).Replace("PNDMScheduler", indexed));
        File.WriteAllText(folder["scheduler/scheduler_config.json"], own is null ? Published.Replace("\"_class_name\": \"PNDMScheduler\", ", "") : Published.Replace("PNDMScheduler", own));
        using var model = StableDiffusion.Open(folder.Path, CPU);
        var warnings = new List<string>();
        Assert.IsType(kind, model.SamplerOf(new() { Warn = warnings.Add }));
        Assert.IsType(kind, model.SamplerOf(new() { Warn = warnings.Add }));
        var expected = told?.Split('|') ?? [];
        Assert.Equal(expected.Length, warnings.Count);
        Assert.All(expected.Zip(warnings), pair => Assert.Contains(pair.First, pair.Second));
    }

    [Fact]
    public void TheCoursesOwnModelDrawsAsBeforeAndItsFileSaysNoMoreThanBefore()
    {
        using var model = With(DiffusionConfig.Petals);
        Assert.IsType<DpmSolverSampler>(model.SamplerOf(new() { Warn = Assert.Fail }));
        Assert.Equal(
            """{"beta_schedule":"squaredcos_cap_v2","prediction_type":"v_prediction","num_train_timesteps":1000,"beta_start":0.0001,"beta_end":0.02,"rescale_betas_zero_snr":false,"steps_offset":0,"set_alpha_to_one":true}""",
            DiffusionConfig.Petals.ToJson());
    }

    [Fact]
    public void APublishedFolderIsSampledAsItSaysAndSavedAgainWithIt()
    {
        using var scope = NewDisposeScope();
        using (var made = Small()) StableDiffusion.Save(made, folder.Path, ScalarType.Float32);
        File.WriteAllText(folder["scheduler/scheduler_config.json"], Published);
        using var model = StableDiffusion.Open(folder.Path, CPU);
        Assert.Equal(DiffusionConfig.StableDiffusion, model.Config);
        var options = new GenerationOptions { Steps = 4, Seed = 3 };
        var pictures = model.Generate(["a red flower"], options, cancellation: cancellation);
        Assert.True(AdapterFixtures.Same(pictures, model.Generate(["a red flower"], options with { Sampler = SamplerKind.Plms }, cancellation: cancellation)));
        Assert.False(AdapterFixtures.Same(pictures, model.Generate(["a red flower"], options with { Sampler = SamplerKind.DpmSolver }, cancellation: cancellation)));
        StableDiffusion.Save(model, folder["again"], ScalarType.Float32);
        using var index = JsonDocument.Parse(File.ReadAllText(folder["again/model_index.json"]));
        Assert.Equal("PNDMScheduler", index.RootElement.GetProperty("scheduler")[1].GetString());
        Assert.Contains("\"skip_prk_steps\":true", File.ReadAllText(folder["again/scheduler/scheduler_config.json"])); // else diffusers would sample otherwise
        Assert.Equal(model.Config, StableDiffusionParts.Of(folder["again"]).Diffusion);
    }

    public void Dispose() => folder.Dispose();

    // The sampler needs the configuration alone; the networks are there because a model has some.
    private static LatentDiffusion With(DiffusionConfig config)
    {
        using var small = Small();
        return new(new AutoencoderKL(TinyAutoencoder), new UNet(TinyUNet), small.Text, config);
    }
}

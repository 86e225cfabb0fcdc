using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class AutoencoderTests
{
    [Fact]
    public void ASmallOneAgreesWithAnotherImplementation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = FormulaWeights.Fill(new AutoencoderKL(TinyAutoencoder));
        var expected = Models.GetProperty("vae");
        FormulaWeights.AssertNames(expected.GetProperty("names"), model);
        var latents = model.Encode(Inputs(1000, 2, 3, 16, 16));
        FormulaWeights.AssertClose(expected.GetProperty("mean"), latents.Mean);
        FormulaWeights.AssertClose(expected.GetProperty("logVariance"), latents.LogVariance);
        FormulaWeights.AssertClose(expected.GetProperty("picture"), model.Decode(Inputs(1001, 1, 4, 6, 4)));
    }

    [Fact]
    public void StableDiffusionsHasThePublishedNumberOfParametersAndNames()
    {
        using var model = new AutoencoderKL(AutoencoderConfig.StableDiffusion, device("meta"));
        Assert.Equal(83_653_863, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(248, model.state_dict().Count);
        Assert.Contains("encoder.mid_block.attentions.0.to_out.0.bias", model.state_dict().Keys);
        Assert.Contains("decoder.up_blocks.2.resnets.0.conv_shortcut.weight", model.state_dict().Keys);
    }

    [Theory]
    [InlineData("encoder.mid_block.attentions.0.query.weight", "encoder.mid_block.attentions.0.to_q.weight")]
    [InlineData("decoder.mid_block.attentions.0.proj_attn.bias", "decoder.mid_block.attentions.0.to_out.0.bias")]
    [InlineData("decoder.mid_block.attentions.0.to_k.bias", "decoder.mid_block.attentions.0.to_k.bias")]
    [InlineData("quant_conv.weight", "quant_conv.weight")]
    public void OldNamesAreUnderstood(string published, string ours) => Assert.Equal(ours, AutoencoderKL.Rename(published));

    [Fact]
    public void TheDivergenceIsTheFormulas()
    {
        using var scope = NewDisposeScope();
        // ½(1² + e⁰ − 1 − 0) = 0.5 and ½(0 + e² − 1 − 2) = 2.1945
        var latents = new LatentDistribution(tensor(new float[] { 1, 0 }).view(1, 2, 1, 1), tensor(new float[] { 0, 2 }).view(1, 2, 1, 1));
        Assert.Equal((0.5 + 2.194528) / 2, latents.Divergence().ToDouble(), 1e-5);
        using var generator = new Generator(1, CPU);
        var wide = new LatentDistribution(full([1, 1, 100, 100], 3f), full([1, 1, 100, 100], (float)Math.Log(0.25)));
        var drawn = wide.Sample(generator);
        Assert.Equal(3, drawn.mean().ToDouble(), 0.02);
        Assert.Equal(0.5, drawn.std().ToDouble(), 0.02);
    }

    [Fact]
    public void APictureThatTheFactorDoesNotDivideIsRefusedWithSizesThatFit()
    {
        using var scope = NewDisposeScope();
        using var model = new AutoencoderKL(new([8, 8, 8], 1, NormGroups: 8));
        var error = Assert.Throws<CourseException>(() => model.Encode(zeros(1, 3, 62, 65)));
        Assert.Contains("65×62", error.Message);
        Assert.Contains("multiples of 4, for example 64×64", error.Message);
        Assert.Contains("[1, 1, 64, 64]", Assert.Throws<CourseException>(() => model.Encode(zeros(1, 1, 64, 64))).Message);
    }

    [Fact]
    public void TilesMeetWithoutSeams()
    {
        using var scope = NewDisposeScope();
        using var model = new AutoencoderKL(new([8, 8], 1, NormGroups: 8));
        using (no_grad())
        {
            // A decoder that only enlarges: whatever the tiles, the picture is the same.
            foreach (var (_, parameter) in model.named_parameters()) parameter.zero_();
            model.get_parameter("decoder.conv_out.bias")!.fill_(0.25f);
        }
        var whole = model.ToPictures(rand(1, 4, 21, 10));
        var tiled = model.ToPicturesInTiles(rand(1, 4, 21, 10), tile: 8, overlap: 3);
        Assert.Equal([1, 3, 42, 20], tiled.shape);
        Assert.True(tiled.allclose(whole, atol: 1e-6));
        Assert.Contains("overlap is 4", Assert.Throws<CourseException>(() => model.ToPicturesInTiles(rand(1, 4, 9, 9), tile: 8, overlap: 4)).Message);
    }

    [Fact]
    public void TilesOfPlainNoiseAgreeAwayFromTheirEdges()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(5);
        using var model = new AutoencoderKL(new([8, 8], 1, NormGroups: 1));
        var latents = randn(1, 4, 8, 40) * 0.5;
        var (whole, tiled) = (model.ToPictures(latents), model.ToPicturesInTiles(latents, tile: 24, overlap: 8));
        // Norms and attention see a tile only, so the two are near, not equal.
        Assert.True((whole - tiled).abs().mean().ToDouble() < 0.1 * whole.std().ToDouble());
    }

    [Fact]
    public void MeasuresThatCannotBeAreNamed()
    {
        Assert.Contains("Channels has 20 and NormGroups is 8", Assert.Throws<CourseException>(() => new AutoencoderKL(new([16, 20], 1, NormGroups: 8))).Message);
        Assert.Contains("not a JSON object", Assert.Throws<CourseException>(() => AutoencoderConfig.FromJson("[]", "a file")).Message);
        Assert.Contains("'block_out_channels'", Assert.Throws<CourseException>(() => AutoencoderConfig.FromJson("{}", "a file")).Message);
    }

    [Fact]
    public void TheConfigurationSurvivesItsJson()
    {
        var config = AutoencoderConfig.Petals with { ScalingFactor = 0.37 };
        var read = AutoencoderConfig.FromJson(config.ToJson(), "a test");
        Assert.Equal(config.Channels, read.Channels);
        Assert.Equal(config with { Channels = read.Channels }, read);
    }

    [Fact]
    public void ACheckpointComesBackAndACutOneIsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.safetensors");
        using var model = new AutoencoderKL(new([8, 8], 1, NormGroups: 8, ScalingFactor: 2));
        SafeTensors.Save(path, model, metadata: new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = model.Config.ToJson() });
        using (var file = WeightFile.Open(path))
        {
            using var read = AutoencoderKL.Load(file);
            Assert.Equal(2, read.Config.ScalingFactor);
            var x = rand(1, 3, 8, 8);
            Assert.True(model.call(x).equal(read.call(x)).all().item<bool>());
        }
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
        Assert.Throws<CourseException>(() => WeightFile.Open(path));
    }

    /// <summary>An encoder that stays does not move by a bit any more, while the decoder learns on.</summary>
    [Fact]
    public void TheEncoderCanStayWhileTheDecoderLearnsOn()
    {
        var data = new Petals(Split.Train, 16, side: 16);
        var options = new AutoencoderOptions { Steps = 4, EncoderSteps = 1, BatchSize = 2, SampleEvery = 0 };
        using var trained = Untrained();
        AutoencoderTraining.Run(trained, data, options, cancellation: TestContext.Current.CancellationToken);
        using var stopped = Untrained(); // after its first step, which is always reported
        using var stop = new CancellationTokenSource();
        AutoencoderTraining.Run(stopped, data, options, new Watcher(stop), stop.Token);
        var (after, before) = (trained.state_dict(), stopped.state_dict());
        // A key's bias adds the same to all scores of a query, which a softmax does not see: its gradient is zero, but for rounding.
        foreach (var (name, value) in after.Where(pair => !pair.Key.EndsWith("to_k.bias", StringComparison.Ordinal)))
            Assert.Equal(!name.StartsWith("decoder", StringComparison.Ordinal) && !name.StartsWith("post_quant", StringComparison.Ordinal),
                value.equal(before[name]).all().item<bool>());
        Assert.All(trained.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void TrainingLearnsAndGoesOnBitForBitAndLeavesNoTensors(int? encoderSteps)
    {
        using var folder = new TemporaryFolder();
        var data = new Petals(Split.Train, 16, side: 16);
        var options = new AutoencoderOptions { Steps = 6, EncoderSteps = encoderSteps, BatchSize = 2, SaveEvery = 3, SampleEvery = 0 };
        using var whole = Untrained();
        using var halves = Untrained();
        AutoencoderTraining.Run(whole, data, options, cancellation: TestContext.Current.CancellationToken);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var state = Path.Combine(folder.Path, "state.safetensors");
        // The beginning of the same plan: stopped after its first step, which is always reported.
        using var stop = new CancellationTokenSource();
        AutoencoderTraining.Run(halves, data, options with { StateFile = state }, new Watcher(stop), stop.Token);
        var result = AutoencoderTraining.Run(halves, data, options with { StateFile = state, Resume = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(5, result.Losses.Steps.Count);
        foreach (var (name, value) in whole.state_dict())
            Assert.True(value.equal(halves.state_dict()[name]).all().item<bool>(), name);
    }

    private static AutoencoderKL Untrained()
    {
        manual_seed(1);
        var model = new AutoencoderKL(new([8, 8], 1, NormGroups: 4));
        model.InitializeForTraining();
        return model;
    }

    private sealed class Watcher(CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => stop.Cancel();
    }
}

using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class UNetTests
{
    [Fact]
    public void ASmallOneAgreesWithAnotherImplementation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = FormulaWeights.Fill(new UNet(TinyUNet));
        var expected = Models.GetProperty("unet");
        FormulaWeights.AssertNames(expected.GetProperty("names"), model);
        var (x, text, moments) = (Inputs(1002, 2, 4, 8, 8), Inputs(1003, 2, 5, 32), tensor(new[] { 10, 981.5 }));
        FormulaWeights.AssertClose(expected.GetProperty("open"), model.call(x, moments, text, null));
        var mask = tensor(new[] { true, true, true, true, true, true, true, true, false, false }, 2, 5);
        FormulaWeights.AssertClose(expected.GetProperty("masked"), model.call(x, moments, text, mask));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)] // channels last from here on
    [InlineData(9)]
    public void InWhateverNumberPicturesComeEachIsAsIfAlone(int pictures)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = FormulaWeights.Fill(new UNet(TinyUNet));
        var (x, words) = (Inputs(1002, pictures, 4, 8, 8), Inputs(1003, pictures, 5, 32));
        var timesteps = arange(pictures, ScalarType.Int64) * 100 + 10;
        var all = model.call(x, timesteps, words, null);
        for (var i = 0; i < pictures; i++)
        {
            var alone = model.call(x[i].unsqueeze(0), timesteps[i].view(1), words[i].unsqueeze(0), null);
            var off = (all[i] - alone[0]).abs().max().item<float>();
            Assert.True(all[i].allclose(alone[0], rtol: 1e-4, atol: 1e-4), $"number {i}: {off} of {alone.abs().max().item<float>()}");
        }
    }

    [Fact]
    public void StableDiffusionsHasThePublishedNumberOfParametersAndNames()
    {
        using var model = new UNet(UNetConfig.StableDiffusion, device("meta")); // shapes without memory
        Assert.Equal(859_520_964, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(686, model.state_dict().Count);
        Assert.Equal([1280, 2560, 3, 3], model.state_dict()["up_blocks.0.resnets.0.conv1.weight"].shape);
        Assert.Equal([320, 768], model.state_dict()["down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_k.weight"].shape);
    }

    [Fact]
    public void TimeIsCosinesThenSinesOfFallingFrequency()
    {
        using var scope = NewDisposeScope();
        var vector = UNet.TimestepEmbedding(tensor(new[] { 2L }), 4).data<float>().ToArray();
        // Frequencies 1 and 10000^(−1/2) = 0.01.
        Assert.Equal([(float)Math.Cos(2), (float)Math.Cos(0.02), (float)Math.Sin(2), (float)Math.Sin(0.02)], vector, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void ShapesThatDoNotFitAreNamed()
    {
        using var scope = NewDisposeScope();
        using var model = new UNet(TinyUNet);
        var moment = tensor(new[] { 1L });
        Assert.Contains("multiples of 2", Assert.Throws<CourseException>(() => model.call(zeros(1, 4, 7, 8), moment, zeros(1, 3, 32), null)).Message);
        Assert.Contains("[B, T, 32]", Assert.Throws<CourseException>(() => model.call(zeros(1, 4, 8, 8), moment, zeros(1, 3, 16), null)).Message);
        Assert.Contains("3 texts for 2 pictures", Assert.Throws<CourseException>(() => model.call(zeros(2, 4, 8, 8), moment, zeros(3, 3, 32), null)).Message);
        Assert.Contains("SimpleCrossAttnDownBlock2D", Assert.Throws<CourseException>(() => UNetConfig.FromJson(
            TinyUNet.ToJson().Replace("\"CrossAttnDownBlock2D\"", "\"SimpleCrossAttnDownBlock2D\""), "a test")).Message);
        Assert.Contains("multiple of both", Assert.Throws<CourseException>(() => new UNet(TinyUNet with { Heads = 7 })).Message);
    }

    [Fact]
    public void TheConfigurationSurvivesItsJson()
    {
        var read = UNetConfig.FromJson(TinyUNet.ToJson(), "a test");
        Assert.Equal(TinyUNet.Channels, read.Channels);
        Assert.Equal(TinyUNet.CrossAttention, read.CrossAttention);
        Assert.Equal(TinyUNet with { Channels = read.Channels, CrossAttention = read.CrossAttention }, read);
    }

    [Fact]
    public void NothingIsLeftInMemoryAfterAStep()
    {
        using var model = new UNet(TinyUNet);
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            model.call(rand(2, 4, 8, 8), tensor(new[] { 1L, 2 }), rand(2, 3, 32), null).square().mean().backward();
            foreach (var parameter in model.parameters()) parameter.grad?.Dispose();
            model.zero_grad();
        }
    }
}

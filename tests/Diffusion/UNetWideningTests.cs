using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class UNetWideningTests
{
    [Theory]
    [InlineData(64, 128)] // every level
    [InlineData(32, 64)] // none: a copy
    public void AWiderOneSaysWhatTheNarrowOneSaid(int first, int second)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var narrow = FormulaWeights.Fill(new UNet(TinyUNet with { ResnetsPerLevel = 2 }));
        using var wide = UNetWidening.Widened(narrow, [first, second]);
        var (x, text, moments) = (Inputs(1002, 2, 4, 8, 8), Inputs(1003, 2, 5, 32), tensor(new[] { 10, 981.5 }));
        Assert.Equal([first, second], wide.Config.Channels);
        Assert.True(wide.call(x, moments, text, null).allclose(narrow.call(x, moments, text, null), rtol: 1e-3, atol: 1e-4));
    }

    [Fact]
    public void TwinsShareWhatIsReadUnevenlyAndKeepItsSum()
    {
        using var scope = NewDisposeScope();
        using var narrow = FormulaWeights.Fill(new UNet(TinyUNet));
        using var wide = UNetWidening.Widened(narrow, [64, 128]);
        const string name = "mid_block.resnets.0.conv1.weight";
        var (before, after) = (narrow.state_dict()[name], wide.state_dict()[name]);
        var (first, second) = (after[.., TensorIndex.Slice(0, null, 2)], after[.., TensorIndex.Slice(1, null, 2)]);
        Assert.True((first + second).allclose(before.repeat_interleave(2, 0), atol: 1e-6));
        var share = first / (first + second);
        Assert.InRange(share.min().item<float>(), 0.29, 0.4);
        Assert.InRange(share.max().item<float>(), 0.6, 0.71);
        Assert.False(share[0].allclose(share[1])); // else they would learn the same for ever
    }

    [Fact]
    public void OnlyTwiceAsManyChannelsCanBeHad()
    {
        using var narrow = new UNet(TinyUNet);
        Assert.Contains("kept or doubled", Assert.Throws<CourseException>(() => UNetWidening.Widened(narrow, [96, 64])).Message);
        Assert.Contains("kept or doubled", Assert.Throws<CourseException>(() => UNetWidening.Widened(narrow, [64])).Message);
    }
}

using ImageGen.Diffusion;
using ImageGen.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Maps lie channel by channel or with the channels last; a layer that answers in the other layout makes all after it slow.</summary>
public class MapLayoutTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APointwiseConvolutionIsTorchsInTheLayoutItIsGiven(bool channelsLast)
    {
        using var scope = NewDisposeScope();
        var layer = new PointwiseConv2d(6, 10);
        var x = Maps(channelsLast, 2, 6, 3, 5).requires_grad_(true);
        var (weight, bias) = (layer.Weight, layer.get_parameter("bias")!);
        var (made, expected) = (layer.call(x), nn.functional.conv2d(x, weight, bias));
        Assert.True(made.allclose(expected, rtol: 1e-5, atol: 1e-6));
        Assert.Equal(channelsLast, IsChannelsLast(made));

        var along = randn_like(made);
        var (gradients, wanted) = (autograd.grad([made], [x, weight, bias], [along]), autograd.grad([expected], [x, weight, bias], [along]));
        Assert.All(gradients.Zip(wanted), pair => Assert.True(pair.First.allclose(pair.Second, rtol: 1e-4, atol: 1e-5)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BlocksAnswerInTheLayoutTheyAreGiven(bool channelsLast)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var config = DiffusionFixtures.TinyUNet;
        var (width, last) = (config.Channels[0], config.Channels[^1]);
        var attention = new SpatialTransformer(width, config, device: null);
        Assert.Equal(channelsLast, IsChannelsLast(attention.call(Maps(channelsLast, 2, width, 8, 8), randn(2, 5, config.ContextWidth), null)));
        var block = new ResnetBlock(width, last, config.NormGroups, UNet.NormEpsilon, config.TimeWidth);
        Assert.Equal(channelsLast, IsChannelsLast(block.call(Maps(channelsLast, 2, width, 8, 8), randn(2, config.TimeWidth))));
    }

    private static Tensor Maps(bool channelsLast, params long[] shape) =>
        channelsLast ? randn(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2) : randn(shape);

    private static bool IsChannelsLast(Tensor x)
    {
        Assert.True(x.is_contiguous() != x.permute(0, 2, 3, 1).is_contiguous());
        return !x.is_contiguous();
    }
}

using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class GradientsTests
{
    // 3, 4 and 12: lengths 5 and 12, 13 together.
    [Theory]
    [InlineData(6.5, 0.5)]
    [InlineData(13, 1)]
    [InlineData(100, 1)]
    public void TheyAreShortenedTogetherAndOnlyWhenTheyAreTooLong(double longest, double factor)
    {
        using var scope = NewDisposeScope();
        Tensor[] gradients = [tensor([3f, 4f]), tensor([12f])];
        Gradients.ClipNormWithTensors(gradients, longest);
        Assert.True(gradients[0].allclose(tensor([3f, 4f]) * factor, rtol: 1e-5));
        Assert.True(gradients[1].allclose(tensor([12f]) * factor, rtol: 1e-5));
    }

    [Fact]
    public void WithTensorsAloneItIsWhatTorchDoes()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        Parameter[] parameters = [nn.Parameter(randn(7, 5)), nn.Parameter(randn(11)), nn.Parameter(randn(2))];
        (parameters[0].square().sum() * 3 + parameters[1].exp().sum()).backward(); // the last has no gradient
        Tensor[] gradients = [.. parameters[..2].Select(parameter => parameter.grad!.clone())];
        Gradients.ClipNormWithTensors(gradients, 0.7);
        Gradients.ClipNorm(parameters, 0.7);
        for (var i = 0; i < 2; i++) Assert.True(gradients[i].allclose(parameters[i].grad!, rtol: 1e-5));
        Assert.Null(parameters[2].grad);
        Gradients.ClipNormWithTensors([], 1);
    }
}

using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class LossTermTests
{
    [Fact]
    public void TotalVariationByHand()
    {
        using var scope = NewDisposeScope();
        // 1 4 2
        // 3 3 7   across: 3 2 0 4, mean 2.25; down: 2 1 5, mean 2.6667.
        var picture = tensor(new float[] { 1, 4, 2, 3, 3, 7 }).view(1, 1, 2, 3);
        Assert.Equal(2.25 + 8 / 3.0, TotalVariation.Of(picture).ToDouble(), 1e-5);
        Assert.Equal(0, TotalVariation.Of(ones(1, 3, 4, 4)).ToDouble());
    }

    [Fact]
    public void RangePenaltyByHand()
    {
        using var scope = NewDisposeScope();
        // Beyond the range by 0, 0, 1 and 2: (1 + 4) / 4.
        var picture = tensor(new float[] { 0, 1, 2, -2 }).view(1, 1, 2, 2);
        Assert.Equal(1.25, new RangePenalty().Of(picture, new FeatureMaps()).ToDouble(), 1e-6);
    }

    [Fact]
    public void ContentLossIsTheMeanSquareOverTheVariance()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var (content, other) = (rand(1, 3, 24, 32), rand(1, 3, 24, 32));
        using var loss = new ContentLoss(network, content);
        var (wanted, seen) = (network.Extract(content, "gabor2")["gabor2"], network.Extract(other, "gabor2")["gabor2"]);
        var deviation = (wanted - wanted.mean()).square().mean();
        Assert.Equal(((seen - wanted).square().mean() / deviation).ToDouble(), loss.Of(other, network.Extract(other, loss.Layers)).ToDouble(), 1e-5);
        Assert.Equal(0, loss.Of(content, network.Extract(content, loss.Layers)).ToDouble());
    }

    [Fact]
    public void TheTotalIsTheWeightedSumAndOneBackwardPassServesAll()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var (content, style) = (rand(1, 3, 32, 32), rand(1, 3, 32, 48));
        using var total = new TotalLoss(network,
            new ContentLoss(network, content, weight: 2), new StyleLoss(network, style, weight: 3), new TotalVariation(weight: 0.5));
        Assert.Equal(["total", "content", "style", "smoothness"], total.Names);

        var picture = rand([1, 3, 32, 32], requires_grad: true);
        var losses = total.Of(picture);
        var values = losses.detach().data<float>().ToArray();
        Assert.Equal(values[1] + values[2] + values[3], values[0], 1e-3);

        using var contentAlone = new ContentLoss(network, content);
        using var styleAlone = new StyleLoss(network, style);
        Assert.Equal(2 * contentAlone.Of(picture, network.Extract(picture, contentAlone.Layers)).ToDouble(), values[1], 1e-4);
        Assert.Equal(3 * styleAlone.Of(picture, network.Extract(picture, styleAlone.Layers)).ToDouble(), values[2], 1e-3);
        Assert.Equal(0.5 * TotalVariation.Of(picture).ToDouble(), values[3], 1e-5);

        losses[0].backward();
        Assert.True(picture.grad!.isfinite().all().item<bool>());
        Assert.True(picture.grad!.abs().sum().ToDouble() > 0);
    }

    [Fact]
    public void AStylePictureCutInHalfAndSwappedIsTheSameStyleInside()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var style = DeadLeaves.Draw(1, 64, seed: 3);
        using var loss = new StyleLoss(network, style, StyleStatistic.Gram);
        var swapped = cat([style.narrow(3, 32, 32), style.narrow(3, 0, 32)], 3);
        var other = DeadLeaves.Draw(1, 64, seed: 4) * 0.5;
        double Of(Tensor picture) => loss.Of(picture, network.Extract(picture, loss.Layers)).ToDouble();
        Assert.True(Of(swapped) < 0.1 * Of(other), $"{Of(swapped)} {Of(other)}");
    }
}

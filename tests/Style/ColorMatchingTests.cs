using ImageGen.Style;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class ColorMatchingTests
{
    [Fact]
    public void MeanAndCovarianceBecomeTheOthers()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var picture = rand(1, 3, 20, 30) * 0.2 + 0.4;
        var mixing = tensor(new float[,] { { 0.2f, 0.1f, 0 }, { 0, 0.15f, 0.05f }, { 0.1f, 0, 0.1f } });
        var colors = (mixing.matmul(rand(3, 400)) + 0.35).view(1, 3, 20, 20);
        var (mean, covariance) = Moments(ColorMatching.Apply(picture, colors));
        var (wantedMean, wantedCovariance) = Moments(colors);
        Assert.Equal(0, (mean - wantedMean).abs().max().ToDouble(), 1e-4);
        Assert.Equal(0, (covariance - wantedCovariance).abs().max().ToDouble(), 1e-4);
    }

    [Fact]
    public void OneChannelAtATimeIsScaleAndShift()
    {
        using var scope = NewDisposeScope();
        // Grey levels 0.4 and 0.6 (spread 0.1 about 0.5) become 0.1 and 0.5 (spread 0.2 about 0.3), in every channel alike.
        var picture = tensor(new float[] { 0.4f, 0.6f }).expand(1, 3, 1, 2).contiguous();
        var colors = tensor(new float[] { 0.5f, 0.1f }).expand(1, 3, 1, 2).contiguous();
        var recolored = ColorMatching.Apply(picture, colors).flatten().data<float>().ToArray();
        for (var channel = 0; channel < 3; channel++)
        {
            Assert.Equal(0.1, recolored[channel * 2], 1e-3);
            Assert.Equal(0.5, recolored[channel * 2 + 1], 1e-3);
        }
    }

    [Fact]
    public void APictureOfOneColorIsNoError()
    {
        using var scope = NewDisposeScope();
        var flat = full([1, 3, 4, 4], 0.5f);
        var result = ColorMatching.Apply(flat, rand(1, 3, 8, 8));
        Assert.True(result.isfinite().all().item<bool>());
        Assert.Equal(0, ColorMatching.Apply(flat, flat).sub(flat).abs().max().ToDouble(), 1e-4);
    }

    private static (Tensor Mean, Tensor Covariance) Moments(Tensor picture)
    {
        var pixels = picture[0].flatten(1);
        return (pixels.mean([1]), pixels.cov());
    }
}

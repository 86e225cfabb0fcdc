using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class PyramidStylesTests
{
    [Fact]
    public void TurningStrokesIsTurningThePicture()
    {
        using var scope = NewDisposeScope();
        var (near, far) = Distances(PyramidStyles.QuarterTurn, Stripes(), picture => picture.rot90(1, (2, 3)));
        Assert.True(near < 1e-3 && far > 0.1, $"{near} {far}");
    }

    [Theory]
    [InlineData(90)]
    [InlineData(-37)]
    public void TurningColorsIsRecoloringThePicture(double degrees)
    {
        using var scope = NewDisposeScope();
        // Pale colors, so that no turned one has to be clamped.
        var style = (DeadLeaves.Draw(1, 64, seed: 3) - 0.5) * 0.3 + 0.5;
        var statistic = PyramidStyles.Hue(degrees);
        var (near, far) = Distances(statistic, style, statistic.Recolor);
        Assert.True(near < 1e-3 && far > 0.01, $"{near} {far}");
    }

    [Fact]
    public void ATurnOfColorsByHand()
    {
        using var scope = NewDisposeScope();
        // By 120° red, green and blue change places; ink is the gray of the same mean.
        var red = tensor(new float[] { 0.8f, 0.2f, 0.2f }).view(1, 3, 1, 1);
        var turned = PyramidStyles.Hue(120).Recolor(red).flatten().data<float>().ToArray();
        Assert.Equal([0.2f, 0.2f, 0.8f], turned.Order().ToArray().Select(value => MathF.Round(value, 4)));
        Assert.NotEqual(0.8f, turned[0], 0.1f);
        Assert.All(PyramidStyles.Ink.Recolor(red).flatten().data<float>().ToArray(), value => Assert.Equal(0.4f, value, 1e-4f));
    }

    [Fact]
    public void InkIsTheGrayPicture()
    {
        using var scope = NewDisposeScope();
        var (near, far) = Distances(PyramidStyles.Ink, DeadLeaves.Draw(1, 64, seed: 3), PyramidStyles.Ink.Recolor);
        Assert.True(near < 1e-3 && far > 0.1, $"{near} {far}");
    }

    [Theory]
    [InlineData("mirror")]
    [InlineData("half turn")]
    public void ASymmetricPictureGoesWithItsMirrorImageAsWithItself(string which)
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var leaves = DeadLeaves.Draw(1, 64, seed: 4);
        var symmetric = (leaves + (which == "mirror" ? leaves.flip(3) : leaves.flip(2, 3))) / 2;
        var statistic = new CrossGramStatistic(which, which == "mirror" ? PyramidStyles.Mirror : PyramidStyles.HalfTurn, CrossTarget.OfThePlainMap);
        foreach (var layer in PyramidChannels.Layers)
        {
            using var target = statistic.At(layer).Measure(network.Extract(symmetric, layer)[layer]);
            Assert.True(target.Distance(network.Extract(symmetric, layer)[layer]).ToDouble() < 1e-3);
            Assert.True(target.Distance(network.Extract(leaves, layer)[layer]).ToDouble() > 0.05);
        }
    }

    [Fact]
    public void CombedAsksForStrokesInItsDirection()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var maps = network.Extract(cat([Stripes(), Stripes().rot90(1, (2, 3))]), "gabor2")["gabor2"];
        var mixed = (Stripes() + Stripes().rot90(1, (2, 3))) / 2;
        double To(double degrees, int picture)
        {
            using var target = PyramidStyles.Combed(degrees).At("gabor2").Measure(network.Extract(mixed, "gabor2")["gabor2"]);
            return target.Distance(maps.narrow(0, picture, 1)).ToDouble();
        }
        Assert.True(To(90, 0) < To(90, 1) && To(0, 1) < To(0, 0)); // Stripes() are upright
    }

    [Fact]
    public void PermutationsMoveEachFilterToOnePlace()
    {
        using var scope = NewDisposeScope();
        foreach (var layer in PyramidChannels.Layers)
        {
            var turn = PyramidChannels.Permutation(layer, bank => bank.rot90(1, (2, 3)));
            var n = PyramidChannels.Of(layer).Count;
            Assert.True(turn.matmul(turn.t()).allclose(eye(n)));
            Assert.False(turn.allclose(eye(n)));
            Assert.True(turn.matmul(turn).matmul(turn).matmul(turn).allclose(eye(n)));
        }
    }

    [Fact]
    public void WhatTheFiltersAreIsWhatTheTableSays()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        foreach (var layer in PyramidChannels.Layers)
        {
            var filters = PyramidChannels.Of(layer);
            var map = network.Extract(Stripes(), layer)[layer];
            Assert.Equal(2 * filters.Count, map.size(1));
            var best = filters[(int)(map.mean([0, 2, 3]).argmax().ToInt64() % filters.Count)];
            var waves = Enumerable.Range(0, filters.Count).Where(i => !filters[i].IsBlur && filters[i].Color == 0);
            var answers = map.mean([0, 2, 3]).data<float>().ToArray();
            Assert.Equal(1, filters[waves.MaxBy(i => answers[i] + answers[i + filters.Count])].Across, 1e-6);
            // Gray stripes: no filter for a color answers.
            Assert.All(Enumerable.Range(0, filters.Count).Where(i => filters[i].Color > 0), i => Assert.Equal(0, answers[i], 1e-4f));
        }
    }

    [Fact]
    public void OtherLayersAreRefusedInOneLine()
    {
        var message = Assert.Throws<CourseException>(() => PyramidStyles.Ink.At("random3_2").Measure(rand(1, 128, 4, 4))).Message;
        Assert.Contains("'random3_2' has channels without a meaning", message);
        Assert.Contains("degrees is 700", Assert.Throws<CourseException>(() => PyramidStyles.Hue(700)).Message);
        Assert.Contains("strength is 2", Assert.Throws<CourseException>(() => PyramidStyles.Combed(0, 2)).Message);
        Assert.Contains("fine is -1", Assert.Throws<CourseException>(() => PyramidStyles.Sizes("x", -1, 1, 1)).Message);
    }

    // How far the statistic of the changed features is from the changed picture, and from the picture as it was.
    private static (double Near, double Far) Distances(StyleStatistic statistic, Tensor style, Func<Tensor, Tensor> change)
    {
        using var network = new FilterPyramid();
        var (before, after) = (network.Extract(style, "cosine", "gabor1", "gabor2", "gabor3"), network.Extract(change(style), "cosine", "gabor1", "gabor2", "gabor3"));
        var distances = PyramidChannels.Layers.Select(layer =>
        {
            using var target = statistic.At(layer).Measure(before[layer]);
            return (Near: target.Distance(after[layer]).ToDouble(), Far: target.Distance(before[layer]).ToDouble());
        }).ToArray();
        return (distances.Max(d => d.Near), distances.Max(d => d.Far));
    }

    // Upright gray stripes of two widths.
    private static Tensor Stripes()
    {
        var x = arange(64, dtype: float32);
        return ((sin(x * 1.05) + sin(x * 0.5)) * 0.2 + 0.5).view(1, 1, 1, 64).expand(1, 3, 64, 64).contiguous();
    }
}

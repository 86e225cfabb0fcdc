using ImageGen.Data;
using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Channel maps that were found by asking ResNet-18, tried on pictures that it was not asked about.</summary>
public sealed class MeasuredStylesTests
{
    // How far the mapped style may be from the style picture that was really changed, against the unmapped one.
    [Theory]
    [InlineData("turn", "stem", 0.5)]
    [InlineData("hue", "pixels", 0.01)]
    [InlineData("hue", "stem", 0.1)]
    [InlineData("hue", "layer1_2", 0.6)]
    [InlineData("hue", "layer2_2", 0.95)]
    [InlineData("ink", "pixels", 0.01)]
    [InlineData("ink", "stem", 0.05)]
    [InlineData("ink", "layer1_2", 0.3)]
    [InlineData("ink", "layer2_2", 0.5)]
    public void AMappedStyleIsNearTheStyleOfTheChangedPicture(string which, string layer, double most)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18("layer3_2");
        var styles = new MeasuredStyles(network);
        Assert.Equal(["pixels", "stem", "layer1_2", "layer2_2"], styles.Layers);
        var (statistic, change) = which switch
        {
            "turn" => (styles.QuarterTurn, picture => picture.rot90(1, (2, 3))),
            "hue" => (styles.Hue(120), styles.Hue(120).Recolor),
            _ => (styles.Ink, (Func<Tensor, Tensor>)styles.Ink.Recolor),
        };
        var style = CoursePictures.Style("whirls").FitWithin(256).ToTensor();
        var (plain, changed) = (network.Extract(style, layer)[layer], network.Extract(change(style), layer)[layer]);
        using var mapped = statistic.At(layer).Measure(plain);
        using var unmapped = StyleStatistic.Wasserstein.Measure(plain);
        Assert.InRange(mapped.Distance(changed).ToDouble() / unmapped.Distance(changed).ToDouble(), 0, most);
    }

    [Fact]
    public void AHueThatIsTurnedThreeTimesIsWhatItWas()
    {
        using var scope = NewDisposeScope();
        using var network = FeatureNetworks.ResNet18("stem");
        var third = new MeasuredStyles(network).Hue(120);
        var red = tensor(new[] { 0.7f, 0.2f, 0.1f }).view(1, 3, 1, 1);
        Assert.Equal([0.1, 0.7, 0.2], third.Recolor(red).Values(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(red.Values(), third.Recolor(third.Recolor(third.Recolor(red))).Values(), (a, b) =>
            Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void CombingFavorsChannelsThatSeeStripesAlongIt()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18("layer2_2");
        var styles = new MeasuredStyles(network);
        // Level stripes of another width than those that were asked about, and upright ones.
        var level = (0.5 + 0.3 * sin(arange(128, dtype: float32) * 0.8)).view(1, 1, -1, 1).expand(
            1, 3, 128, 128).contiguous();
        foreach (var layer in new[] { "stem", "layer1_2", "layer2_2" })
        {
            var (along, across) = (Combed(level, layer), Combed(level.transpose(2, 3).contiguous(), layer));
            Assert.True(along > 1.05 && across < 0.95, $"{layer}: {along} along, {across} across");
        }

        double Combed(Tensor picture, string layer)
        {
            var map = network.Extract(picture, layer)[layer];
            return Spread(Transform(styles.Combed(0), map, layer)) / Spread(map);
        }

        static double Spread(Tensor map) => (map - map.mean([2, 3], keepdim: true)).norm().ToDouble();
    }

    [Fact]
    public void EveryMemberMovesTheGramMatrixAndNoTwoAreAlike()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18("layer3_2");
        var styles = new MeasuredStyles(network);
        var maps = network.Extract(CoursePictures.Style("whirls").FitWithin(192).ToTensor(), styles.Layers);
        TransformedStatistic[] members =
        [
            styles.QuarterTurn, styles.Ink, styles.Hue(60), styles.Hue(120), styles.Hue(180), styles.Combed(0),
                styles.Combed(35),
            styles.Combed(90), styles.Sizes("fine", 1, 1.6, 1.3, 0.6), styles.Sizes("coarse", 1, 0.4, 0.6, 1.4),
            styles.Hue(180).Then(styles.Combed(90)),
        ];
        var tables = members.Select(
            member => cat([.. maps.Select(map => Table(Transform(member, map.Value, map.Key)))]))
            .Prepend(cat([.. maps.Select(map => Table(map.Value))])).ToList();
        for (var i = 0; i < tables.Count; i++)
            for (var j = 0; j < i; j++)
                Assert.True((tables[i] - tables[j]).norm().ToDouble() > 0.1, $"{i} and {j} are alike");

        // Each layer counts alike: its table in units of its size.
        static Tensor Table(Tensor map)
        {
            var gram = Gram.Of(map).flatten();
            return gram / gram.norm();
        }
    }

    [Fact]
    public void AMirroredMapIsThatOfTheMirroredPicture()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18("stem");
        var style = CoursePictures.Style("woodcut").FitWithin(256).ToTensor();
        var (map, mirrored) = (network.Extract(style, "stem")["stem"], network.Extract(style.flip(3), "stem")["stem"]);
        var found = new MeasuredStyles(network).Mirror(map, "stem");
        Assert.InRange(((found - mirrored).norm() / (map.flip(3) - mirrored).norm()).ToDouble(), 0, 0.7);
    }

    private static Tensor Transform(TransformedStatistic statistic, Tensor map, string layer) =>
        statistic.Apply(map, layer);
}

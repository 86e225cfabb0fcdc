using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class FeatureTransformTests
{
    private static readonly JsonElement Fixture = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "multi-style.json"))).RootElement;

    private static readonly Dictionary<string, FeatureTransform> Moves = new()
    {
        ["flip across"] = FeatureTransforms.FlipAcross,
        ["flip down"] = FeatureTransforms.FlipDown,
        ["half turn"] = FeatureTransforms.HalfTurn,
        ["quarter turn"] = FeatureTransforms.QuarterTurn,
        ["roll"] = FeatureTransforms.Roll(0.3, -0.4),
    };

    public static TheoryData<string> MoveNames => [.. Moves.Keys];

    /// <summary>Every member of the family, with maps of the hand-made layers for those that need them.</summary>
    private static readonly StyleStatistic[] Family =
    [
        StyleStatistic.Gram, StyleStatistic.Wasserstein,
        .. Moves.Select(move => new CrossGramStatistic(move.Key, move.Value)),
        .. Moves.Select(move => new CrossGramStatistic(move.Key + " to plain", move.Value, CrossTarget.OfThePlainMap)),
        // With a channel map after the flip, F·T(F)ᵀ alone is the same wish: the map is a rotation of both tables.
        new CrossGramStatistic("mirror", PyramidStyles.Mirror, CrossTarget.OfThePlainMap),
        new CrossGramStatistic("half turn of the picture", PyramidStyles.HalfTurn, CrossTarget.OfThePlainMap),
        new ShiftedGramStatistic(0.1, 0), new ShiftedGramStatistic(0, 0.1), new ShiftedGramStatistic(0.1, 0, stretch: 2),
        PyramidStyles.QuarterTurn, PyramidStyles.Ink, PyramidStyles.Hue(90), PyramidStyles.Hue(180),
        PyramidStyles.Combed(0), PyramidStyles.Combed(45), PyramidStyles.Combed(90), PyramidStyles.Sizes("coarse", 0.5, 0.8, 1.4),
        new TransformedStatistic("shuffled", FeatureTransforms.ShuffleChannels(1)),
        new TransformedStatistic("scaled", FeatureTransforms.Scale(_ => 1.5)),
        new TransformedStatistic("scramble", FeatureTransforms.AxisScramble, StyleStatistic.Gram),
        StyleStatistic.Wasserstein.Toward(PyramidStyles.Ink, 0.5),
    ];

    [Theory]
    [MemberData(nameof(MoveNames))]
    public void MovingAMapAboutLeavesItsGramMatrixUnchanged(string move)
    {
        using var scope = NewDisposeScope();
        var map = rand(1, 6, 7, 10);
        var moved = Moves[move](map, "layer");
        Assert.Equal(map.shape, moved.shape);
        Assert.False(moved.allclose(map));
        Assert.True(ImageGen.Style.Gram.Of(moved).allclose(ImageGen.Style.Gram.Of(map), 1e-5, 1e-6));
    }

    [Fact]
    public void AQuarterTurnByHand()
    {
        using var scope = NewDisposeScope();
        // 2 rows of 4: the square in the middle turns left, the columns beside it stay.
        var map = tensor(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }).view(1, 1, 2, 4);
        Assert.Equal([1, 3, 7, 4, 5, 2, 6, 8], FeatureTransforms.QuarterTurn(map, "").flatten().data<float>().ToArray());
    }

    [Fact]
    public void TheScrambleIsThePublishedOneAndChangesTheGramMatrix()
    {
        using var scope = NewDisposeScope();
        var scrambled = FeatureTransforms.AxisScramble(Map("style", 4, 5), "");
        Assert.True(scrambled.flatten().allclose(Values("scramble")));
        // By hand: channels (1 2) and (3 4) become (1 3) and (2 4).
        var small = FeatureTransforms.AxisScramble(tensor(new float[] { 1, 2, 3, 4 }).view(1, 2, 1, 2), "");
        Assert.Equal([1, 3, 2, 4], small.flatten().data<float>().ToArray());
        Assert.Equal([5, 7, 7, 10], ImageGen.Style.Gram.Of(small).flatten().data<float>().ToArray());
    }

    [Fact]
    public void CrossAndShiftedGramDistancesEqualNumPys()
    {
        void Same(string name, StyleStatistic statistic)
        {
            using var scope = NewDisposeScope();
            using var target = statistic.Measure(Map("style", 4, 5));
            Assert.Equal(Fixture.GetProperty(name).GetDouble(), target.Distance(Map("made", 3, 6)).ToDouble(), 1e-5);
        }
        var roll = FeatureTransforms.Roll(0.2, 0.5);
        Same("halfTurn", new CrossGramStatistic("half turn", FeatureTransforms.HalfTurn));
        Same("roll", new CrossGramStatistic("roll", roll));
        Same("rollToPlain", new CrossGramStatistic("roll", roll, CrossTarget.OfThePlainMap));
        Same("shifted", new ShiftedGramStatistic(0.2, 0));
        Same("stretched", new ShiftedGramStatistic(0, 0.2, stretch: 2));
    }

    [Fact]
    public void AChannelMapTurnsTheGramMatrixByHand()
    {
        using var scope = NewDisposeScope();
        // Channels (1 3) and (2 0): G = [[5 1] [1 2]]. Swapped: [[2 1] [1 5]].
        var swap = FeatureTransforms.MapChannels((_, channels) => eye(channels).flip(0));
        using var target = new TransformedStatistic("swap", swap, StyleStatistic.Gram).Measure(tensor(new float[] { 1, 3, 2, 0 }).view(1, 2, 1, 2));
        Assert.Equal(0, target.Distance(tensor(new float[] { 2, 0, 1, 3 }).view(1, 2, 1, 2)).ToDouble(), 1e-6);
        // The unswapped map itself: (3² + 3²) / (2² + 1 + 1 + 5²).
        Assert.Equal(18.0 / 31, target.Distance(tensor(new float[] { 1, 3, 2, 0 }).view(1, 2, 1, 2)).ToDouble(), 1e-6);
    }

    [Fact]
    public void EveryMemberOfTheFamilyAsksForSomethingElse()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var pictures = DeadLeaves.Draw(count: 4, size: 64, seed: 5);
        pictures[3].mul_(0.5);
        var maps = network.Extract(pictures, "gabor2")["gabor2"];
        var style = maps.narrow(0, 0, 1);
        var answers = Family.Select(member =>
        {
            using var target = member.At("gabor2").Measure(style);
            return Enumerable.Range(0, 4).Select(i => target.Distance(maps.narrow(0, i, 1)).ToDouble()).ToArray();
        }).ToArray();
        for (var i = 0; i < Family.Length; i++)
            for (var j = 0; j < i; j++)
            {
                var apart = answers[i].Zip(answers[j], (a, b) => Math.Abs(a - b) / (Math.Abs(a) + Math.Abs(b) + 0.01)).Max();
                Assert.True(apart > 0.01, $"'{Family[i].Name}' and '{Family[j].Name}' answer alike: {string.Join(" ", answers[i])}, {string.Join(" ", answers[j])}");
            }
    }

    [Theory]
    [InlineData("half turn")]
    [InlineData("roll")]
    public void GradientsEqualDifferenceQuotients(string move)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var target = new CrossGramStatistic(move, Moves[move], CrossTarget.OfThePlainMap)
            .Toward(new ShiftedGramStatistic(0.3, 0), 0.5).Measure(rand(1, 3, 4, 4));
        var other = rand(1, 3, 5, 3);
        var tracked = other.clone().requires_grad_();
        target.Distance(tracked).backward();
        var direction = randn(1, 3, 5, 3);
        const double h = 1e-2;
        var quotient = (target.Distance(other + direction * h) - target.Distance(other - direction * h)).ToDouble() / (2 * h);
        Assert.Equal(quotient, (tracked.grad! * direction).sum().ToDouble(), 0.02 * Math.Abs(quotient) + 1e-3);
    }

    [Theory]
    [InlineData(-0.1, 0, 1, "across is -0.1; it must lie between 0 and 0.9")]
    [InlineData(0, 1.5, 1, "down is 1.5")]
    [InlineData(0.1, 0, -1, "stretch is -1")]
    public void ShiftsOutOfThePictureAreNamed(double across, double down, double stretch, string expected) =>
        Assert.Contains(expected, Assert.Throws<CourseException>(() => new ShiftedGramStatistic(across, down, stretch)).Message);

    [Fact]
    public void WeightsLeadFromOneStatisticToTheOther()
    {
        using var scope = NewDisposeScope();
        double At(double weight)
        {
            using var target = StyleStatistic.Gram.Toward(StyleStatistic.Wasserstein, weight).Measure(Map("style", 4, 5));
            return target.Distance(Map("made", 3, 6)).ToDouble();
        }
        Assert.NotEqual(At(0), At(1), 1e-2);
        Assert.Equal(0.75 * At(0) + 0.25 * At(1), At(0.25), 1e-5);
        Assert.Equal("75% Gram + 25% Wasserstein-2", StyleStatistic.Gram.Toward(StyleStatistic.Wasserstein, 0.25).Name);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void AWeightOutsideZeroToOneIsNamed(double weight)
    {
        Assert.Contains($"weight is {weight}; it must lie between 0 and 1",
            Assert.Throws<CourseException>(() => StyleStatistic.Gram.Toward(StyleStatistic.Wasserstein, weight)).Message);
        Assert.Contains($"Weight is {weight}; it must lie between 0 and 1",
            Assert.Throws<CourseException>(() => new MixedStatistic((StyleStatistic.Gram, weight))).Message);
    }

    [Fact]
    public void ATransformThatChangesTheShapeIsRefusedInOneLine()
    {
        using var scope = NewDisposeScope();
        void Says(string part, FeatureTransform transform)
        {
            foreach (StyleStatistic statistic in (StyleStatistic[])[new TransformedStatistic("mine", transform), new CrossGramStatistic("mine", transform)])
            {
                var message = Assert.Throws<CourseException>(() => statistic.At("relu1_1").Measure(rand(1, 3, 4, 6))).Message;
                Assert.Contains(part, message);
                Assert.DoesNotContain('\n', message);
            }
        }
        Says("The transform 'mine' made [1, 3, 4, 3] of [1, 3, 4, 6] at layer relu1_1: it must keep the number of channels and positions",
            (map, _) => map.narrow(3, 0, 3));
        Says("made [1, 2, 4, 6] of [1, 3, 4, 6]", (map, _) => map.narrow(1, 0, 2));
        Says("returned null", (_, _) => null!);
        Assert.Contains("across is 2", Assert.Throws<CourseException>(() => FeatureTransforms.Roll(2)).Message);
    }

    [Fact]
    public void ATransformsEffectIsToldInWords()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        using var drawn = DeadLeaves.Draw(1, 64, seed: 5);
        var style = ImageGen.Imaging.Picture.FromTensor(drawn);
        string? Says(FeatureTransform transform) => TransformEffect.WhatIsWrong(transform, network, style);
        Assert.Null(Says((map, _) => map * 2));
        Assert.Null(Says(FeatureTransforms.AxisScramble));
        Assert.Contains("as it was", Says((map, _) => map));
        Assert.Contains("only moves values to other places", Says(FeatureTransforms.HalfTurn));
        Assert.Contains("make it bolder", Says((map, _) => map * 1.001));
        Assert.Contains("not numbers", Says((map, _) => map / 0));
        Assert.StartsWith("the transform 'transform' made [1, 48, 64, 32] of [1, 48, 64, 64]", Says((map, _) => map.narrow(3, 0, 32)));
        // By hand: twice the map is four times the Gram matrix, three times its size away.
        Assert.Equal(3, TransformEffect.OnGram((map, _) => map * 2, rand(1, 3, 4, 4), ""), 1e-5);
    }

    private static Tensor Values(string name) =>
        tensor(Fixture.GetProperty(name).EnumerateArray().Select(value => value.GetSingle()).ToArray());

    private static Tensor Map(string name, long height, long width) => Values(name).view(1, 3, height, width);
}

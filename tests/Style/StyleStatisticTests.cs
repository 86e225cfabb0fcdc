using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Style;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class StyleStatisticTests
{
    public static TheoryData<string> Names => [.. All.Keys];

    private static readonly Dictionary<string, StyleStatistic> All =
        StyleStatistic.All.ToDictionary(statistic => statistic.Name);

    [Fact]
    public void GramDistanceByHand()
    {
        using var scope = NewDisposeScope();
        // One channel, two positions. Style (1 3): G = 5. Other (2 2): G = 4. (4 − 5)² / 5² = 0.04.
        using var target = StyleStatistic.Gram.Measure(Map(1, 3));
        Assert.Equal(0.04, target.Distance(Map(2, 2)).ToDouble(), 1e-6);
    }

    [Fact]
    public void CenteredGramDistanceByHand()
    {
        using var scope = NewDisposeScope();
        // Style (1 3): n = 2, F/n − 1 = (−½ ½), G = ¼. Other (2 6): (0 2), G = 2. (2 − ¼)² / (¼)² = 49.
        using var target = StyleStatistic.CenteredGram.Measure(Map(1, 3));
        Assert.Equal(49, target.Distance(Map(2, 6)).ToDouble(), 1e-3);
    }

    [Fact]
    public void CenteredGramEqualsTheGramOfTheShiftedMap()
    {
        using var scope = NewDisposeScope();
        var (style, other) = (rand(1, 4, 5, 6), rand(1, 4, 3, 7));
        var mean = style.mean();
        var styleGram = ImageGen.Style.Gram.Of(style / mean - 1);
        var expected = (ImageGen.Style.Gram.Of(other / mean - 1) - styleGram).square().sum() / styleGram.square().sum();
        using var target = StyleStatistic.CenteredGram.Measure(style);
        Assert.Equal(expected.ToDouble(), target.Distance(other).ToDouble(), 1e-4);
    }

    [Fact]
    public void WassersteinDistanceOfOneChannelByHand()
    {
        using var scope = NewDisposeScope();
        // In one dimension the distance is (μ − μₛ)² + (σ − σₛ)². Style (1 3): μ 2, σ 1. Other (5 11): μ 8, σ 3: 36 + 4,
        // over σₛ² + μₛ² = 5. The 10⁻⁴ on every variance shows in the fourth digit.
        using var target = StyleStatistic.Wasserstein.Measure(Map(1, 3));
        Assert.Equal(8, target.Distance(Map(5, 11)).ToDouble(), 1e-3);
    }

    [Fact]
    public void WassersteinDistanceEqualsSciPys()
    {
        using var scope = NewDisposeScope();
        var fixture = Fixture("wasserstein");
        using var target = StyleStatistic.Wasserstein.Measure(Numbers(fixture, "style").view(1, 3, 4, 5));
        Assert.Equal(fixture.GetProperty("relative").GetDouble(), target.Distance(Numbers(fixture, "other").view(1, 3, 4, 5)).ToDouble(), 1e-4);
    }

    [Fact]
    public void SlicedWassersteinDistanceOfOneChannelByHand()
    {
        using var scope = NewDisposeScope();
        // One channel has one direction, up to its sign. Sorted: style (1 3), other (5 11): (4² + 8²)/2 = 40, over (1 + 9)/2 = 5.
        using var target = StyleStatistic.SlicedWasserstein.Measure(Map(3, 1));
        Assert.Equal(8, target.Distance(Map(11, 5)).ToDouble(), 1e-5);
    }

    [Fact]
    public void SlicedWassersteinDistanceEqualsNumPys()
    {
        using var scope = NewDisposeScope();
        var fixture = Fixture("sliced");
        using var target = SlicedWassersteinStatistic.Measure(Numbers(fixture, "style").view(1, 3, 4, 5), Numbers(fixture, "directions").view(4, 3));
        var other = Numbers(fixture, "other").view(1, 3, 5, 6);
        // Twice: the second time with the curve that the first one kept.
        Assert.Equal(fixture.GetProperty("relative").GetDouble(), target.Distance(other).ToDouble(), 1e-5);
        Assert.Equal(fixture.GetProperty("relative").GetDouble(), target.Distance(other).ToDouble(), 1e-5);
    }

    [Fact]
    public void SlicesAreTheirSeeds()
    {
        using var scope = NewDisposeScope();
        var (style, other) = (rand(1, 6, 5, 5), rand(1, 6, 5, 5));
        double With(int seed)
        {
            using var target = new SlicedWassersteinStatistic(directions: 3, seed).Measure(style);
            return target.Distance(other).ToDouble();
        }
        Assert.Equal(With(1), With(1));
        Assert.NotEqual(With(1), With(2));
        Assert.Contains("0 directions", Assert.Throws<CourseException>(() => new SlicedWassersteinStatistic(0)).Message);
    }

    [Fact]
    public void OnlySlicesTellDistributionsOfEqualMomentsApart()
    {
        using var scope = NewDisposeScope();
        // Two values of mean 0 and variance 1: ±1 by halves, and −½ four times as often as 2.
        var (even, uneven) = (Map(-1, 1, -1, 1, -1, 1, -1, 1, -1, 1), Map(-.5f, -.5f, -.5f, -.5f, 2, -.5f, -.5f, -.5f, -.5f, 2));
        double Apart(StyleStatistic statistic)
        {
            using var target = statistic.Measure(even);
            return target.Distance(uneven).ToDouble();
        }
        Assert.Equal(0, Apart(StyleStatistic.Gram), 1e-5);
        Assert.Equal(0, Apart(StyleStatistic.Wasserstein), 1e-5);
        // Sorted: five times ½², three times 1½², twice 1², over ten places; the style's mean square is 1.
        Assert.Equal(1, Apart(StyleStatistic.SlicedWasserstein), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheStyleItselfIsAtDistanceZeroWhereverItsPositionsAre(string name)
    {
        using var scope = NewDisposeScope();
        var features = rand(1, 4, 6, 5);
        using var target = All[name].Measure(features);
        Assert.Equal(0, target.Distance(features).ToDouble(), 1e-3);
        Assert.Equal(0, target.Distance(features.flip(2)).ToDouble(), 1e-3);
        Assert.True(target.Distance(features * 2).ToDouble() > 0.1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsEqualDifferenceQuotients(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var target = All[name].Measure(rand(1, 3, 4, 4));
        var other = rand(1, 3, 5, 3);
        var tracked = other.clone().requires_grad_();
        target.Distance(tracked).backward();
        var direction = randn(1, 3, 5, 3);
        const double h = 2e-3;
        var quotient = (target.Distance(other + direction * h) - target.Distance(other - direction * h)).ToDouble() / (2 * h);
        Assert.Equal(quotient, (tracked.grad! * direction).sum().ToDouble(), 0.02 * Math.Abs(quotient) + 1e-3);
    }

    private static JsonElement Fixture(string name) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "style.json"))).RootElement.GetProperty(name);

    private static Tensor Numbers(JsonElement fixture, string name) =>
        tensor(fixture.GetProperty(name).EnumerateArray().Select(value => value.GetSingle()).ToArray());

    private static Tensor Map(params float[] values) => tensor(values).view(1, 1, 1, values.Length);
}

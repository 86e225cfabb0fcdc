using System.Text.Json;
using ImageGen.Style;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class StyleStatisticTests
{
    public static TheoryData<string> Names => [.. All.Keys];

    private static readonly Dictionary<string, StyleStatistic> All =
        new[] { StyleStatistic.Gram, StyleStatistic.CenteredGram, StyleStatistic.Wasserstein }.ToDictionary(statistic => statistic.Name);

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
        var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "style.json"))).RootElement.GetProperty("wasserstein");
        Tensor Read(string name) =>
            tensor(fixture.GetProperty(name).EnumerateArray().Select(value => value.GetSingle()).ToArray()).view(1, 3, 4, 5);
        using var target = StyleStatistic.Wasserstein.Measure(Read("style"));
        Assert.Equal(fixture.GetProperty("relative").GetDouble(), target.Distance(Read("other")).ToDouble(), 1e-4);
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
        const double h = 1e-2;
        var quotient = (target.Distance(other + direction * h) - target.Distance(other - direction * h)).ToDouble() / (2 * h);
        Assert.Equal(quotient, (tracked.grad! * direction).sum().ToDouble(), 0.02 * Math.Abs(quotient) + 1e-3);
    }

    private static Tensor Map(params float[] values) => tensor(values).view(1, 1, 1, values.Length);
}

using System.Text.Json;
using ImageGen.Gan;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

/// <summary>Each loss against PyTorch's value, or against one worked by hand.</summary>
public sealed class GanLossesTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    [Theory]
    [InlineData("real 0.9")]
    [InlineData("fake")]
    [InlineData("generator")]
    public void Cross_entropy_is_the_references(string side)
    {
        var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "gan.json"))).RootElement.GetProperty("losses").GetProperty(side).GetDouble();
        var scores = (FormulaNumbers.Tensor(4, 8) * 3).to(ScalarType.Float32);
        var loss = side switch
        {
            "fake" => GanLosses.Fake(scores, AdversarialLoss.CrossEntropy),
            "generator" => GanLosses.ForGenerator(scores, AdversarialLoss.CrossEntropy),
            _ => GanLosses.Real(scores, AdversarialLoss.CrossEntropy, 0.9),
        };
        Assert.Equal(expected, loss.ToDouble(), 1e-6);
    }

    [Fact]
    public void Smoothing_is_one_sided()
    {
        // A real score whose probability is .9 is right where it is: no gradient pulls at it.
        var score = tensor(new[] { (float)Math.Log(9) }, requires_grad: true);
        GanLosses.Real(score, AdversarialLoss.CrossEntropy, 0.9).backward();
        Assert.Equal(0, score.grad!.ToDouble(), 1e-6);
        // A fake's is pushed down however low it stands.
        var fake = tensor(new[] { -4f }, requires_grad: true);
        GanLosses.Fake(fake, AdversarialLoss.CrossEntropy).backward();
        Assert.Equal(1 / (1 + Math.Exp(4)), fake.grad!.ToDouble(), 1e-6);
    }

    [Fact]
    public void Cross_entropy_bears_large_scores() =>
        Assert.Equal(300, GanLosses.Fake(tensor(new[] { 300f }), AdversarialLoss.CrossEntropy).ToDouble(), 1e-3);

    [Fact]
    public void Hinge_stops_pushing_beyond_one()
    {
        var scores = tensor(new[] { -2f, 0.5f, 3f });
        Assert.Equal((3 + 0.5 + 0) / 3, GanLosses.Real(scores, AdversarialLoss.Hinge).ToDouble(), 1e-6);
        Assert.Equal((0 + 1.5 + 4) / 3, GanLosses.Fake(scores, AdversarialLoss.Hinge).ToDouble(), 1e-6);
        Assert.Equal(-0.5, GanLosses.ForGenerator(scores, AdversarialLoss.Hinge).ToDouble(), 1e-6);
    }

    [Fact]
    public void Feature_matching_compares_the_means_of_the_batches()
    {
        var fake = tensor(new float[,] { { 1, 2 }, { 3, 4 } });  // mean 2, 3
        var real = tensor(new float[,] { { 0, 0 }, { 0, 10 } }); // mean 0, 5
        Assert.Equal((4 + 4) / 2.0, GanLosses.FeatureMatching(fake, real).ToDouble(), 1e-6);
        Assert.Equal(1.5, GanLosses.L1(tensor(new[] { 1f, -1f }), tensor(new[] { 0f, 1f })).ToDouble(), 1e-6);
    }

    [Fact]
    public void Pairing_asks_for_the_own_text_among_those_that_are_wrong()
    {
        // Two pictures; their own texts, a wrong one for each, and another. 9 stands where another picture's wrong text is not asked about.
        var products = tensor(new float[,] { { 2, 1, 0, 9, 3, 9 }, { 5, 0, 9, 1, 9, -1 } });
        var (one, none) = (products.narrow(1, 0, 4), zeros(2, 2, ScalarType.Bool));
        // −ln e²/(e² + e¹ + e⁰) and −ln e⁰/(e⁵ + e⁰ + e¹).
        var first = Math.Log(Math.Exp(2) + Math.E + 1) - 2;
        Assert.Equal((first + Math.Log(Math.Exp(5) + 1 + Math.E)) / 2, GanLosses.Pairing(one, none).ToDouble(), 1e-5);
        // The other text is true of the second picture, too: it does not count against it.
        var alsoTrue = tensor(new[,] { { false, false }, { true, false } });
        Assert.Equal((first + Math.Log(1 + Math.E)) / 2, GanLosses.Pairing(one, alsoTrue).ToDouble(), 1e-5);
        // With two wrong texts each, e³ and e⁻¹ join the sums.
        first = Math.Log(Math.Exp(2) + Math.E + 1 + Math.Exp(3)) - 2;
        Assert.Equal((first + Math.Log(1 + Math.E + Math.Exp(-1))) / 2, GanLosses.Pairing(products, alsoTrue).ToDouble(), 1e-5);
    }

    [Fact]
    public void Diversity_is_rewarded_up_to_enough()
    {
        var (x, other) = (tensor(new float[,] { { 0, 0 }, { 1, 1 } }), tensor(new float[,] { { 0.1f, 0.3f }, { 1, -1 } }));
        var (z, otherZ) = (tensor(new float[,] { { 0, 1 }, { 0, 2 } }), tensor(new float[,] { { 2, 1 }, { 0, 0 } }));
        // .2 / 1 and 1 / 1; with .5 enough, the second counts as .5.
        Assert.Equal(-0.6, GanLosses.Diversity(x, other, z, otherZ, 2).ToDouble(), 1e-5);
        Assert.Equal(-0.35, GanLosses.Diversity(x, other, z, otherZ, 0.5).ToDouble(), 1e-5);
    }

    [Fact]
    public void The_gradient_penalty_of_a_plane_is_its_slope_squared()
    {
        var slope = tensor(new[] { 3f, 4f });
        var points = rand([5, 2], requires_grad: true);
        var curved = (points.square() * slope / 2).sum([1]); // gradient: slope · point
        var expected = (points * slope).square().sum([1]).mean().ToDouble();
        Assert.Equal(25, GanLosses.GradientPenalty(points.mv(slope), points).ToDouble(), 1e-4);
        Assert.Equal(expected, GanLosses.GradientPenalty(curved, points).ToDouble(), 1e-4);
    }

    public void Dispose() => scope.Dispose();
}

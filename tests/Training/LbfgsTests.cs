using System.Text.Json;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>L-BFGS against torch.optim.LBFGS with its strong-Wolfe search (tests/Fixtures/make_style.py), in double precision.</summary>
public class LbfgsTests
{
    private static readonly JsonElement Expected =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "lbfgs.json"))).RootElement;

    [Theory]
    [InlineData("rosenbrock2")]
    [InlineData("rosenbrock6")]
    [InlineData("quadratic")]
    public void StepsAreThoseOfPyTorch(string name)
    {
        using var scope = NewDisposeScope();
        var expected = Expected.GetProperty(name);
        var x = tensor(Doubles(expected.GetProperty("start")), requires_grad: true);
        using var optimizer = new Lbfgs(x, () => name == "quadratic" ? Quadratic(x) : Rosenbrock(x), history: 5);
        foreach (var point in expected.GetProperty("points").EnumerateArray())
        {
            var loss = optimizer.Step();
            Assert.Equal(point.GetProperty("loss").GetDouble(), loss.ToDouble(), 1e-6 * Math.Max(1, point.GetProperty("loss").GetDouble()));
            Assert.All(Doubles(point.GetProperty("x")).Zip(x.detach().data<double>()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        }
    }

    [Fact]
    public void RosenbrocksValleyEndsAtItsMinimum()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { -1.2, 1.0, -0.5, 0.8 }, requires_grad: true);
        using var optimizer = new Lbfgs(x, () => Rosenbrock(x));
        for (var i = 0; i < 200 && !optimizer.Converged; i++) optimizer.Step();
        Assert.All(x.detach().data<double>(), value => Assert.Equal(1, value, 1e-6));
    }

    [Fact]
    public void AnyShapeWillDoAndCarriedLossesComeAlong()
    {
        using var scope = NewDisposeScope();
        var x = zeros([2, 3], dtype: ScalarType.Float64, requires_grad: true);
        using var optimizer = new Lbfgs(x, () => stack([(x - 2).square().sum(), x.sum().detach()]));
        Tensor losses = zeros(2);
        for (var i = 0; i < 5; i++) losses = optimizer.Step();
        Assert.Equal(0, losses[0].ToDouble(), 1e-9);
        Assert.Equal(12, losses[1].ToDouble(), 1e-4);
        Assert.False(losses.requires_grad);
    }

    [Fact]
    public void AtAMinimumItSaysSoAndStays()
    {
        using var scope = NewDisposeScope();
        var x = ones(3, dtype: ScalarType.Float64, requires_grad: true);
        using var optimizer = new Lbfgs(x, () => (x - 1).square().sum());
        Assert.Equal(0, optimizer.Step().ToDouble());
        Assert.True(optimizer.Converged);
        Assert.All(x.detach().data<double>(), value => Assert.Equal(1, value));
    }

    [Fact]
    public void AStepThatLeavesTheDomainIsHalved()
    {
        using var scope = NewDisposeScope();
        // −log x + 100x has no value below 0, and the first steps from 1 reach there; the minimum is at 0.01.
        var x = tensor(new[] { 1.0 }, requires_grad: true);
        using var optimizer = new Lbfgs(x, () => (x * 100 - x.log()).sum());
        for (var i = 0; i < 60 && !optimizer.Converged; i++) optimizer.Step();
        Assert.Equal(0.01, x.detach().ToDouble(), 1e-6);
    }

    [Fact]
    public void NoTensorOutlivesIt()
    {
        using var scope = NewDisposeScope();
        var x = zeros(4, dtype: ScalarType.Float64, requires_grad: true);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var optimizer = new Lbfgs(x, () => Quadratic(x), history: 3))
            for (var i = 0; i < 10; i++)
                optimizer.Step().Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor Rosenbrock(Tensor x)
    {
        var (head, tail) = (x.narrow(0, 0, x.size(0) - 1), x.narrow(0, 1, x.size(0) - 1));
        return (100 * (tail - head.square()).square() + (1 - head).square()).sum();
    }

    private static Tensor Quadratic(Tensor x) =>
        (pow(10, linspace(0, 3, x.size(0), ScalarType.Float64)) * (x - 1).square()).sum() / 2;

    private static double[] Doubles(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetDouble())];
}

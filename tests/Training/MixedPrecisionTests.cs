using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Bfloat16 has 8 significant bits: between 1 and 2 its numbers stand 1/128 apart. What follows is worked by hand from that.</summary>
public sealed class MixedPrecisionTests : IDisposable
{
    private readonly Linear own = nn.Linear(1, 1, hasBias: false), copy = nn.Linear(1, 1, hasBias: false);
    private readonly MixedPrecision precision;

    public MixedPrecisionTests()
    {
        using (no_grad()) own.weight!.fill_(1);
        precision = new(own, copy);
    }

    [Fact]
    public void StepsThatBFloat16RoundsAwayAddUpInFloat32()
    {
        using var sgd = optim.SGD(own.parameters(), learningRate: 1.0 / 1024);
        using var alone = ones(1, dtype: ScalarType.BFloat16);
        var seen = new List<float>();
        for (var step = 0; step < 8; step++)
        {
            precision.TakeWeights();
            seen.Add(copy.weight!.to(ScalarType.Float32).item<float>());
            sgd.zero_grad();
            (-copy.call(ones([1, 1], ScalarType.BFloat16)).sum()).backward(); // the gradient is −1
            precision.GiveGradients();
            sgd.step();
            alone.add_(1.0 / 1024);
        }
        Assert.Equal(1 + 8.0 / 1024, own.weight!.item<float>());
        Assert.Equal(1, alone.to(ScalarType.Float32).item<float>()); // 1/1024 is less than half of 1/128
        // Half a distance, 4/1024, is rounded to the even number, 1; more than that goes up.
        Assert.Equal([1, 1, 1, 1, 1, 1 + 1f / 128, 1 + 1f / 128, 1 + 1f / 128], seen);
    }

    [Fact]
    public void PartsOfAGradientAddUpInFloat32()
    {
        precision.TakeWeights();
        foreach (var input in new[] { 1.0, 1.0 / 1024 })
        {
            using var x = full([1, 1], input, dtype: ScalarType.BFloat16);
            copy.call(x).sum().backward();
            precision.GiveGradients();
        }
        Assert.Equal(1 + 1.0 / 1024, own.weight!.grad!.item<float>()); // in bfloat16 it were 1
        Assert.Equal(ScalarType.Float32, own.weight!.dtype);
        Assert.Equal(ScalarType.BFloat16, copy.weight!.dtype);
    }

    public void Dispose()
    {
        own.Dispose();
        copy.Dispose();
    }
}

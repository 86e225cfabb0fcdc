using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Tests;

[Collection(nameof(Alone))]
public class SeedsTests
{
    [Fact]
    public void TheSameSeedGivesTheSameNumbers()
    {
        using var scope = NewDisposeScope();
        Seeds.Set(3);
        var (first, plain) = (randn(16, device: Compute.Device), Seeds.NewRandom().Next());
        Seeds.Set(4);
        var (second, otherPlain) = (randn(16, device: Compute.Device), Seeds.NewRandom().Next());
        Seeds.Set(3);
        var (third, samePlain) = (randn(16, device: Compute.Device), Seeds.NewRandom().Next());
        Assert.True(first.equal(third).all().item<bool>());
        Assert.False(first.equal(second).all().item<bool>());
        Assert.Equal(plain, samePlain);
        Assert.NotEqual(plain, otherPlain);
    }

    [Fact]
    public void StreamsOfOneSeedDiffer()
    {
        Assert.NotEqual(Seeds.NewRandom(1).Next(), Seeds.NewRandom(2).Next());
        Assert.Equal(Seeds.NewRandom(1).Next(), Seeds.NewRandom(1).Next());
    }
}

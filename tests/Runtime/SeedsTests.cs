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
        var first = randn(16, device: Compute.Device);
        Seeds.Set(4);
        var second = randn(16, device: Compute.Device);
        Seeds.Set(3);
        var third = randn(16, device: Compute.Device);
        Assert.True(first.equal(third).all().item<bool>());
        Assert.False(first.equal(second).all().item<bool>());
    }
}

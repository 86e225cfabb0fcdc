using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class NoiseTexturesTests
{
    [Fact]
    public void AKindIsItsNumberAndAPieceItsSeed()
    {
        using var scope = NewDisposeScope();
        var piece = NoiseTextures.Draw(kind: 3, count: 2, size: 32, seed: 5);
        Assert.Equal([2, 3, 32, 32], piece.shape);
        Assert.True(piece.min().ToDouble() >= 0 && piece.max().ToDouble() <= 1);
        Assert.True(piece.equal(NoiseTextures.Draw(3, 2, 32, 5)).all().ToBoolean());
        Assert.False(piece.equal(NoiseTextures.Draw(3, 2, 32, 6)).all().ToBoolean());

        // Pieces of one kind have one color on average; another kind has another.
        var (same, other) = (NoiseTextures.Draw(3, 2, 32, 6), NoiseTextures.Draw(4, 2, 32, 5));
        double Apart(Tensor a, Tensor b) => (a.mean([0, 2, 3]) - b.mean([0, 2, 3])).abs().max().ToDouble();
        Assert.True(Apart(piece, same) < 0.5 * Apart(piece, other), $"{Apart(piece, same)} {Apart(piece, other)}");
    }
}

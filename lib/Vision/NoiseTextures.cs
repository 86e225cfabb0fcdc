using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// Endless textures that no one took a picture of: a small convolutional generator with random weights turns noise into
/// color. The weights are the kind of stuff, the noise is the piece of it (after Baradad and others, "Learning to see by
/// looking at noise", arXiv 2106.05963).
/// </summary>
public static class NoiseTextures
{
    private const int Width = 16, Doublings = 3;

    /// <summary>Draws pieces of one kind.</summary>
    /// <param name="kind">Which kind, from 0: the same number is the same stuff everywhere.</param>
    /// <param name="count">How many pieces.</param>
    /// <param name="size">Height and width in pixels, a multiple of 8.</param>
    /// <param name="seed">Draws the pieces.</param>
    /// <returns><c>[count, 3, size, size]</c> in <c>[0, 1]</c></returns>
    public static Tensor Draw(int kind, int count, int size, long seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var weights = new Generator((ulong)Seeds.At(1, kind));
        using var pieces = new Generator((ulong)seed);
        var x = randn([count, Width, size >> Doublings, size >> Doublings], generator: pieces);
        for (var doubling = 0; doubling <= Doublings; doubling++)
        {
            if (doubling > 0)
            {
                x = nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
                x += 0.5 * randn(x.shape, generator: pieces);
            }
            var filters = randn([Width, Width, 3, 3], generator: weights) / Math.Sqrt(Width * 9);
            x = nn.functional.leaky_relu(nn.functional.conv2d(nn.functional.pad(x, (1, 1, 1, 1), PaddingModes.Circular), filters), 0.2);
            x /= x.square().mean().sqrt();
        }
        var colors = randn([3, Width, 1, 1], generator: weights) / Math.Sqrt(Width);
        var middle = rand([1, 3, 1, 1], generator: weights) * 0.6 + 0.2;
        return (nn.functional.conv2d(x, colors) * 0.25 + middle).clamp(0, 1).MoveToOuterDisposeScope();
    }
}

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
    private const int Width = 16, Border = 2;

    /// <summary>Draws pieces of one kind.</summary>
    /// <param name="kind">Which kind, from 0: the same number is the same stuff everywhere; odd ones are coarser.</param>
    /// <param name="count">How many pieces.</param>
    /// <param name="size">Height and width in pixels, a multiple of 8.</param>
    /// <param name="seed">Draws the pieces.</param>
    /// <returns><c>[count, 3, size, size]</c> in <c>[0, 1]</c></returns>
    public static Tensor Draw(int kind, int count, int size, long seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var weights = new Generator((ulong)Seeds.At(1, kind));
        using var pieces = new Generator((ulong)seed);
        // Cells of 4 or 8 pixels: spots and stripes that a few layers of small filters can take in, with edges between them.
        var doublings = 2 + kind % 2;
        var cells = (size >> doublings) + 2 * Border;
        var x = Layer(randn([count, Width, cells, cells], generator: pieces), filter: 5);
        for (var doubling = 0; doubling < doublings; doubling++)
            x = Layer(nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Bilinear, align_corners: false), filter: 3);

        var colors = randn([3, Width, 1, 1], generator: weights) / Math.Sqrt(Width);
        var middle = rand([1, 3, 1, 1], generator: weights) * 0.5 + 0.25;
        var contrast = rand([1, 3, 1, 1], generator: weights) * 0.18 + 0.13;
        var edge = Border << doublings; // where the padding shows
        return ((nn.functional.conv2d(x, colors) * 3).tanh() * contrast + middle).clamp(0, 1)
            .narrow(2, edge, size).narrow(3, edge, size).clone().MoveToOuterDisposeScope();

        Tensor Layer(Tensor x, int filter)
        {
            var filters = randn([Width, Width, filter, filter], generator: weights) / Math.Sqrt(Width * filter * filter);
            var shift = 0.5 * randn([1, Width, 1, 1], generator: weights);
            var side = filter / 2;
            x = nn.functional.conv2d(nn.functional.pad(x, (side, side, side, side), PaddingModes.Circular), filters) + shift;
            x = nn.functional.leaky_relu(x, 0.1);
            x -= x.mean([2, 3], keepdim: true);
            return x / x.square().mean([2, 3], keepdim: true).add(1e-3).sqrt();
        }
    }
}

using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Decodes large latents in overlapping tiles that fade into one another, so that memory grows with the tile and not
/// with the picture. Each tile is normalized by itself, so colors may differ a little from a decoding in one piece.
/// </summary>
public static class AutoencoderTiling
{
    /// <summary>The pictures of latents, tile by tile. No gradients.</summary>
    /// <param name="model">The autoencoder.</param>
    /// <param name="latents"><c>[B, 4, h, w]</c>, scaled.</param>
    /// <param name="tile">Latents a tile has across and down.</param>
    /// <param name="overlap">Latents that neighboring tiles share, less than half a tile.</param>
    /// <returns><c>[B, 3, h·f, w·f]</c> in [−1, 1].</returns>
    /// <exception cref="CourseException">The tile or the overlap is out of range.</exception>
    public static Tensor ToPicturesInTiles(this AutoencoderKL model, Tensor latents, int tile = 64, int overlap = 16)
    {
        if (tile < 2) throw new CourseException($"The tile is {tile} latents: it must be at least 2.");
        if (overlap < 0 || 2 * overlap >= tile)
            throw new CourseException($"The overlap is {overlap} latents: it must be 0 or more, and less than half "
                + $"the tile of {tile}.");
        var (height, width) = ((int)latents.shape[2], (int)latents.shape[3]);
        if (height <= tile && width <= tile) return model.ToPictures(latents);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var factor = model.Config.Factor;
        var sum = zeros([latents.shape[0], 3, height * factor, width * factor], device: latents.device);
        var weights = zeros([1, 1, height * factor, width * factor], device: latents.device);
        foreach (var top in Starts(height, tile, overlap))
            foreach (var left in Starts(width, tile, overlap))
            {
                using var one = NewDisposeScope();
                var (rows, columns) = (Math.Min(tile, height - top), Math.Min(tile, width - left));
                var picture = model.ToPictures(latents.narrow(2, top, rows).narrow(3, left, columns));
                var fade = Ramp(rows, top, height, overlap, factor).unsqueeze(1) * Ramp(
                    columns, left, width, overlap, factor).unsqueeze(0);
                fade = fade.to(latents.device);
                Place(sum).add_(picture * fade);
                Place(weights).add_(fade);

                Tensor Place(Tensor whole) =>
                    whole.narrow(2, top * factor, rows * factor).narrow(3, left * factor, columns * factor);
            }
        return (sum / weights).MoveToOuterDisposeScope();
    }

    private static IEnumerable<int> Starts(int length, int tile, int overlap)
    {
        var start = 0;
        for (; start + tile < length; start += tile - overlap) yield return start;
        yield return Math.Max(0, length - tile);
    }

    // 1 in the middle; from nearly 0 at an edge that another tile goes on beyond.
    private static Tensor Ramp(int count, int start, int length, int overlap, int factor)
    {
        var pixels = count * factor;
        var weights = new float[pixels];
        for (var i = 0; i < pixels; i++)
        {
            var fromStart = start == 0 ? double.MaxValue : (i + 0.5) / (overlap * factor);
            var fromEnd = start + count == length ? double.MaxValue : (pixels - i - 0.5) / (overlap * factor);
            weights[i] = (float)Math.Clamp(Math.Min(fromStart, fromEnd), 1e-3, 1);
        }
        return tensor(weights);
    }
}

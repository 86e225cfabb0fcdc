using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Imaging;

/// <summary>Many pictures as one.</summary>
public static class Grid
{
    /// <summary>Pictures in rows, each centered in a cell as large as the largest.</summary>
    /// <param name="pictures">At least one.</param>
    /// <param name="columns">Pictures in a row; 0 makes the grid about square.</param>
    /// <param name="gap">White pixels between pictures.</param>
    /// <param name="zoom">How often each pixel is repeated in each direction, so that small pictures can be seen.</param>
    /// <param name="captions">One for each picture, drawn below it.</param>
    /// <exception cref="CourseException">There is no picture, or not one caption for each.</exception>
    public static Picture Of(IReadOnlyList<Picture> pictures, int columns = 0, int gap = 4, int zoom = 1,
        IReadOnlyList<string>? captions = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        ArgumentOutOfRangeException.ThrowIfLessThan(zoom, 1);
        if (pictures.Count == 0) throw new CourseException("A grid needs at least one picture.");
        if (captions is not null && captions.Count != pictures.Count)
            throw new CourseException($"A grid of {pictures.Count} pictures needs as many captions, not {captions.Count}.");
        var across = columns > 0 ? Math.Min(columns, pictures.Count) : (int)Math.Ceiling(Math.Sqrt(pictures.Count));
        return new Sheet([.. pictures.Chunk(across)])
        {
            Gap = gap,
            Zoom = zoom,
            Captions = captions is null ? null : [.. captions.Chunk(across)],
        }.Draw();
    }

    /// <summary>A batch of pictures in rows.</summary>
    /// <param name="batch"><c>[B, 3, H, W]</c> or <c>[B, 1, H, W]</c>; values outside the range are clamped.</param>
    /// <param name="columns">Pictures in a row; 0 makes the grid about square.</param>
    /// <param name="gap">White pixels between pictures.</param>
    /// <param name="zoom">How often each pixel is repeated in each direction.</param>
    /// <param name="captions">One for each picture, drawn below it.</param>
    /// <param name="range">What black and white are.</param>
    /// <exception cref="CourseException">The tensor is no batch of pictures, or there is not one caption for each.</exception>
    public static Picture Of(Tensor batch, int columns = 0, int gap = 4, int zoom = 1,
        IReadOnlyList<string>? captions = null, PixelRange range = PixelRange.ZeroToOne) =>
        Of(TensorPictures.FromBatch(batch, range), columns, gap, zoom, captions);
}

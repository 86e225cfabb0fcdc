using ImageGen.Data.FlowerDrawing;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>
/// A small data set in a style that Petals has not, for teaching a trained model: the flowers of Petals redrawn with ink lines
/// and thin washes of color on paper. The captions are Petals' own, and say at the end that it is ink.
/// </summary>
public sealed class InkPetals : ICaptionedPictures
{
    /// <summary>What every caption ends with.</summary>
    public const string Words = ", drawn in ink";

    private readonly Petals flowers;
    private readonly KeptPictures pictures;

    /// <summary>A set of ink drawings.</summary>
    /// <param name="count">How many; a few hundred are enough to teach.</param>
    /// <param name="side">Pixels in each direction, 16 to 512.</param>
    /// <param name="seed">Another seed gives other flowers.</param>
    /// <exception cref="CourseException">The count or the side is out of range.</exception>
    public InkPetals(int count = 256, int side = 64, int seed = Seeds.Default)
    {
        if (side is < 16 or > 512) throw new CourseException($"Ink drawings cannot have {side} pixels a side: side must be 16 to 512.");
        // Drawn at twice the size, so that the lines are smooth.
        flowers = new(Split.Train, count, 2 * side, seed);
        Side = side;
        pictures = new(count, index => InkDrawing.Of(flowers.Picture(index)).Resize(side, side));
    }

    /// <inheritdoc/>
    public string Name => "Petals in ink";

    /// <inheritdoc/>
    public int Count => flowers.Count;

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>False: captions speak of left and right.</summary>
    public bool MayFlip => false;

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[index];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => [.. flowers.Captions(index).Select(caption => caption + Words)];

    /// <summary>Any picture in this style; lines are drawn for its size.</summary>
    public static Picture Draw(Picture picture) => InkDrawing.Of(picture);
}

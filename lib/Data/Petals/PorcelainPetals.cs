using ImageGen.Data.FlowerDrawing;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>
/// A small data set in a style that Petals has not, for teaching a trained model: the flowers of Petals painted in cobalt on
/// white porcelain. Captions are Petals' own, with the porcelain in place of what lies behind: whatever color they name, the
/// painter has only blue.
/// </summary>
public sealed class PorcelainPetals : ICaptionedPictures
{
    /// <summary>What every caption says.</summary>
    public const string Words = "on white porcelain";

    private readonly Petals flowers;
    private readonly KeptPictures pictures;

    /// <summary>A set of painted flowers.</summary>
    /// <param name="count">How many; a few hundred are enough to teach.</param>
    /// <param name="side">Pixels in each direction, 16 to 512.</param>
    /// <param name="seed">Another seed gives other flowers.</param>
    /// <exception cref="CourseException">The count or the side is out of range.</exception>
    public PorcelainPetals(int count = 256, int side = 64, int seed = Seeds.Default)
    {
        if (side is < 16 or > 512) throw new CourseException($"Porcelain cannot be painted with {side} pixels a side: side must be 16 to 512.");
        flowers = new(Split.Train, count, side, seed);
        Side = side;
        // Drawn at twice the size, so that the brush's lines are smooth.
        pictures = new(count, index => PorcelainPainting.Of(FlowerPainter.Paint(flowers.Attributes(index), SplitMix64.Stream((uint)seed, (ulong)index).NextBits(), 2 * side, onWhite: true)).Resize(side, side));
    }

    /// <inheritdoc/>
    public string Name => "Petals on porcelain";

    /// <inheritdoc/>
    public int Count => flowers.Count;

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>False: captions speak of left and right.</summary>
    public bool MayFlip => false;

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[index];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index)
    {
        var places = FlowerWords.Of(Wording.Usual).Backdrops[(int)flowers.Attributes(index).Backdrop];
        return [.. flowers.Captions(index).Select(caption =>
            Array.Find(places, place => caption.Contains(place, StringComparison.Ordinal)) is { } place ? caption.Replace(place, Words, StringComparison.Ordinal) : $"{caption}, {Words}")];
    }
}

using ImageGen.Data.FlowerDrawing;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>What is true of one drawn tulip.</summary>
/// <param name="Color">The petals' color.</param>
/// <param name="Backdrop">What lies behind.</param>
/// <param name="Light">Where the light comes from.</param>
/// <param name="Size">How much of the picture it fills.</param>
public sealed record TulipAttributes(PetalColor Color, Backdrop Backdrop, FlowerLight Light, FlowerSize Size);

/// <summary>
/// A small data set of a flower that Petals has not, for teaching a trained model something new: tulips, seen from the side,
/// in Petals' colors and places, under a word that no caption of Petals uses. The same seed and index give the same tulip.
/// </summary>
public sealed class Tulips : ICaptionedPictures
{
    /// <summary>The new word.</summary>
    public const string Word = "tulip";

    private readonly ulong key;
    private readonly KeptPictures pictures;

    /// <summary>A set of tulips.</summary>
    /// <param name="count">How many; a few hundred are enough to teach.</param>
    /// <param name="side">Pixels in each direction, 16 to 1024.</param>
    /// <param name="seed">Another seed gives other tulips.</param>
    /// <exception cref="CourseException">The count or the side is out of range.</exception>
    public Tulips(int count = 256, int side = 64, int seed = Seeds.Default)
    {
        if (count < 1) throw new CourseException($"There cannot be {count} tulips: count must be 1 or more.");
        if (side is < 16 or > 1024) throw new CourseException($"Tulips cannot be drawn with {side} pixels a side: side must be 16 to 1024.");
        (Count, Side, key) = (count, side, SplitMix64.Mix((uint)seed) ^ 0x7475_6C69_7073);
        pictures = new(count, index => Draw(Attributes(index), Random(index, 1).NextBits(), side));
    }

    /// <inheritdoc/>
    public string Name => "Tulips";

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>False: captions speak of left and right.</summary>
    public bool MayFlip => false;

    /// <summary>What is true of a tulip.</summary>
    public TulipAttributes Attributes(int index)
    {
        var random = Random(index, 0);
        return new((PetalColor)random.Next(10), (Backdrop)random.Next(8), (FlowerLight)random.Next(4), (FlowerSize)random.Next(3));
    }

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[Checked(index)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index)
    {
        var (tulip, random, words) = (Attributes(index), Random(index, 2), FlowerWords.Of(Wording.Usual));
        string Color() => random.Pick<string>(words.Colors[(int)tulip.Color]);
        string Place() => random.Pick<string>(words.Backdrops[(int)tulip.Backdrop]);
        var (size, light) = (random.Pick<string>(words.Sizes[(int)tulip.Size]), random.Pick<string>(words.Lights[(int)tulip.Light]));
        string[] captions =
        [
            $"a {Color()} {Word} {Place()}", $"a {size} {Color()} {Word} with green leaves, {Place()}", $"a {Word} with {Color()} petals {Place()}, {light}",
            $"{Place()}, a {Color()} {Word}", $"this {Word} has {Color()} petals",
        ];
        return [.. captions.Select(caption => caption.Replace("a orange", "an orange", StringComparison.Ordinal))];
    }

    /// <summary>Draws a tulip of one's own choice; other seeds give other tulips of that kind.</summary>
    public static Picture Draw(TulipAttributes tulip, int seed = Seeds.Default, int side = 64) => Draw(tulip, SplitMix64.Mix((uint)seed), side);

    private static Picture Draw(TulipAttributes tulip, ulong key, int side) => TulipPainter.Paint(tulip, key, side);

    private SplitMix64 Random(int index, int purpose) => SplitMix64.Stream(key, (ulong)Checked(index) << 8 | (uint)purpose);

    private int Checked(int index) => (uint)index < (uint)Count
        ? index
        : throw new ArgumentOutOfRangeException(nameof(index), $"{Name} has the pictures 0 to {Count - 1}, not {index}.");
}

using ImageGen.Data.FlowerDrawing;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>
/// The embedded data set: flowers drawn by code, each with what is true of it and captions that say so. Any flower can
/// be drawn at any size without those before it; the same seed, split and index give the same flower on every machine.
/// </summary>
/// <remarks>
/// For each color one shape is kept from training, validation and test and shown only in <see cref="Split.HeldOut"/>:
/// a model that draws those has learned to combine, not to remember.
/// </remarks>
public sealed class Petals : ICaptionedPictures
{
    /// <summary>Captions of each flower, in each wording.</summary>
    public const int CaptionsPerFlower = 5;

    private readonly byte[]?[] drawn;
    private readonly IReadOnlyList<FlowerCaption>?[] described;

    /// <summary>A part of the data set.</summary>
    /// <param name="split">Which part.</param>
    /// <param name="count">Flowers in it; nothing means as many as the scale asks for.</param>
    /// <param name="side">Pixels in each direction, 16 to 1024.</param>
    /// <param name="seed">Another seed gives another set of flowers.</param>
    /// <exception cref="CourseException">The count or the side is out of range.</exception>
    public Petals(Split split, int? count = null, int side = 64, int seed = Seeds.Default)
    {
        Count = count ?? DefaultCount(split);
        if (Count < 1) throw new CourseException($"Petals cannot have {Count} flowers: count must be 1 or more.");
        if (side is < 16 or > 1024) throw new CourseException($"Petals cannot be drawn with {side} pixels a side: side must be 16 to 1024.");
        (Split, Side, Seed) = (split, side, seed);
        drawn = new byte[Count][];
        described = new IReadOnlyList<FlowerCaption>[Count];
    }

    /// <inheritdoc/>
    public string Name => $"Petals {Split.ToString().ToLowerInvariant()}";

    /// <summary>Which part of the data set this is.</summary>
    public Split Split { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>The seed of the whole set.</summary>
    public int Seed { get; }

    /// <summary>False: captions speak of left and right.</summary>
    public bool MayFlip => false;

    /// <summary>What is true of a flower.</summary>
    public FlowerAttributes Attributes(int index) => FlowerKinds.Draw(Random(index, 0), Split);

    /// <summary>The flower's picture, <see cref="Side"/>×<see cref="Side"/>; drawn once, then kept.</summary>
    public Picture Picture(int index)
    {
        Require(index);
        var rgb = Volatile.Read(ref drawn[index]);
        if (rgb is null)
        {
            // Two threads may draw the same flower at once; both get the same picture, so either may be kept.
            rgb = FlowerPainter.Paint(Attributes(index), Random(index, 1).NextBits(), Side).Rgb;
            Volatile.Write(ref drawn[index], rgb);
        }
        return new Picture(Side, Side, rgb);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => [.. Descriptions(index).Select(caption => caption.Text)];

    /// <summary>The flower's captions, each with the facts it states.</summary>
    /// <param name="index">The flower.</param>
    /// <param name="wording">The usual words, or other words for the same things.</param>
    public IReadOnlyList<FlowerCaption> Descriptions(int index, Wording wording = Wording.Usual)
    {
        Require(index);
        if (wording == Wording.Usual && Volatile.Read(ref described[index]) is { } known) return known;
        var captions = CaptionWriter.Write(Attributes(index), wording, CaptionsPerFlower, Random(index, 2 + (int)wording));
        if (wording == Wording.Usual) Volatile.Write(ref described[index], captions);
        return captions;
    }

    /// <summary>Whether all that the other flower's caption states is true of this one.</summary>
    /// <inheritdoc/>
    public bool Fits(int index, int other, int captionIndex) => Descriptions(other)[captionIndex].Fits(Attributes(index));

    /// <summary>
    /// A caption that does not fit: another flower's, or the flower's own with one thing changed, most often the petals' shape.
    /// Either is tried half of the time, until one does not fit: a change that the caption does not name changes nothing. Neither
    /// speaks of a held-out combination, unless the set is made of them.
    /// </summary>
    /// <inheritdoc/>
    public string WrongCaption(int index, int captionIndex, SplitMix64 random)
    {
        var flower = Attributes(index);
        while (true)
        {
            FlowerCaption caption;
            if (random.Chance(0.5f)) caption = random.Pick<FlowerCaption>([.. Descriptions(random.Next(Count))]);
            else
            {
                var changed = FlowerKinds.Change(flower, random, Split);
                // The same stream chooses the same sentence, so that the captions differ in one thing.
                caption = CaptionWriter.Write(changed, Wording.Usual, CaptionsPerFlower, Random(index, 2))[captionIndex];
            }
            if (!caption.Fits(flower)) return caption.Text;
        }
    }

    /// <summary>Draws a flower of one's own choice; other seeds give other flowers of that kind.</summary>
    public static Picture Draw(FlowerAttributes flower, int seed = Seeds.Default, int side = 64) =>
        FlowerPainter.Paint(FlowerKinds.Checked(flower), SplitMix64.Mix((ulong)(uint)seed), side);

    /// <summary>Whether training never shows petals of this color in this shape.</summary>
    public static bool IsHeldOut(PetalColor color, PetalShape shape) => FlowerKinds.IsHeldOut(color, shape);

    private static int DefaultCount(Split split) =>
        split == Split.Train ? Scales.Pick(256, 8192, 32768) : Scales.Pick(64, 1024, 4096);

    // One stream for each (split, index, purpose): no two flowers of a set share one.
    private SplitMix64 Random(int index, int purpose)
    {
        Require(index);
        return SplitMix64.Stream((uint)Seed, (ulong)Split << 40 | (ulong)(uint)index << 8 | (uint)purpose);
    }

    private void Require(int index)
    {
        if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), $"{Name} has the flowers 0 to {Count - 1}, not {index}.");
    }
}

using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Text;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The texts of one training step: the pictures' own, wrong ones, and those halfway between two.</summary>
internal sealed class TextPairs
{
    public TextPairs(PictureBatch batch, ICaptionedPictures data, ICaptionEncoder encoder, GanOptions options, int step)
    {
        var count = batch.Captions.Count;
        Right = ForGenerator = Read(encoder, batch.Captions);
        if (options.WrongTextWeight > 0 || options.PairingWeight > 0)
        {
            var random = SplitMix64.Stream((ulong)Seeds.At(options.Seed, step), 0);
            // Only pairing compares with more than one.
            var all = (options.PairingWeight > 0 ? options.WrongTexts : 1) * count;
            AllWrong = Read(encoder, [.. Enumerable.Range(0, all).Select(
                i => data.WrongCaption(batch.Indices[i % count], batch.CaptionIndices[i % count], random))]);
            Wrong = AllWrong.narrow(0, 0, count);
        }
        if (options.PairingWeight > 0)
        {
            RightAndWrong = cat([Right, AllWrong!], 0);
            var alsoTrue = new bool[count * count];
            for (var i = 0; i < count; i++)
                for (var j = 0; j < count; j++)
                    alsoTrue[i * count + j] = i != j
                        && data.Fits(batch.Indices[i], batch.Indices[j], batch.CaptionIndices[j]);
            AlsoTrue = tensor(alsoTrue, [count, count]).to(Right.device);
        }
        var half = count / 2;
        // GAN-INT (Reed and others, arXiv 1605.05396): no picture shows what lies between two texts, but a good
        // generator can draw it.
        if (options.InterpolationWeight > 0)
        {
            Between = half;
            ForGenerator = cat([ForGenerator, (Right.narrow(0, 0, half) + Right.narrow(0, count - half, half)) / 2], 0);
        }
        if (options.DiversityWeight > 0)
        {
            Again = half;
            ForGenerator = cat([ForGenerator, Right.narrow(0, 0, half)], 0);
        }
    }

    private Tensor? AllWrong { get; }

    // A copy in torch's own memory: matrix products of memory that is aligned in another way differ in their last bits.
    private static Tensor Read(ICaptionEncoder encoder, IReadOnlyList<string> captions)
    {
        using var vectors = encoder.Encode(captions);
        return vectors.clone();
    }

    /// <summary>Each picture's own caption, <c>[B, W]</c>.</summary>
    public Tensor Right { get; }

    /// <summary>
    /// For each picture a caption that does not fit it, <c>[B, W]</c>; null where nothing asks for it.
    /// </summary>
    public Tensor? Wrong { get; }

    /// <summary>
    /// The right captions, and under them <see cref="GanOptions.WrongTexts"/> times as many wrong ones, <c>[B + K·B,
    /// W]</c>; null where nothing asks for them.
    /// </summary>
    public Tensor? RightAndWrong { get; }

    /// <summary>
    /// Where picture i is truly described by caption j, j not i; <c>[B, B]</c>; null where nothing asks for it.
    /// </summary>
    public Tensor? AlsoTrue { get; }

    /// <summary>
    /// What the generator draws: the own captions, then texts midway between two, then the first captions again; the
    /// last two where they count.
    /// </summary>
    public Tensor ForGenerator { get; }

    /// <summary>How many of <see cref="ForGenerator"/> lie midway between two captions.</summary>
    public int Between { get; }

    /// <summary>How many of the first captions come once more at the end, for another noise.</summary>
    public int Again { get; }
}

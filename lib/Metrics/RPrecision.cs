using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Vision;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// R-precision as text-to-image papers use it (Xu and others, AttnGAN, arXiv 1711.10485): each picture's own caption is
/// hidden among captions of other pictures; how often is it the nearest?
/// </summary>
public static class RPrecision
{
    /// <summary>The share of pictures whose own caption is nearer than every other.</summary>
    /// <param name="pictures">Vectors of length 1, <c>[N, D]</c>.</param>
    /// <param name="texts">The captions' vectors, <c>[N, D]</c>: the i-th belongs to the i-th picture.</param>
    /// <param name="candidates">Captions to choose from, the right one among them; 2 to N.</param>
    /// <param name="seed">Which other captions are drawn, and where the bootstrap's chance begins.</param>
    /// <param name="alsoFits">Whether a caption (first) is true of another picture (second), too: then it is no wrong answer, and not drawn.</param>
    /// <exception cref="CourseException">The numbers of pictures and captions differ, or there are too few.</exception>
    public static Estimate Of(Tensor pictures, Tensor texts, int candidates = 100, int seed = Seeds.Default, Func<int, int, bool>? alsoFits = null)
    {
        var count = (int)pictures.shape[0];
        if (texts.shape[0] != count) throw new CourseException($"R-precision was given {count} pictures and {texts.shape[0]} captions: it needs one caption for each.");
        if (candidates < 2 || candidates > count) throw new CourseException($"candidates is {candidates}: it must be 2 to {count}, the number of captions.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Finite.Require(pictures, "the vector of picture");
        Finite.Require(texts, "the vector of caption");
        var cosines = pictures.to(ScalarType.Float64).cpu().matmul(texts.to(ScalarType.Float64).cpu().t()).contiguous().data<double>().ToArray();
        var hits = new double[count];
        var others = new int[count];
        for (var picture = 0; picture < count; picture++)
        {
            var left = 0;
            for (var caption = 0; caption < count; caption++)
                if (caption != picture && alsoFits?.Invoke(caption, picture) != true) others[left++] = caption;
            if (left < candidates - 1)
                throw new CourseException($"Picture {picture} has only {left} captions that do not fit it: give more pictures, or lower candidates to {left + 1}.");
            SplitMix64.Stream((ulong)(uint)seed, (ulong)picture).Shuffle(others.AsSpan(0, left));
            var own = cosines[picture * count + picture];
            // Strictly nearer: a model to which all captions are the same finds none.
            hits[picture] = others.Take(candidates - 1).All(caption => cosines[picture * count + caption] < own) ? 1 : 0;
        }
        return Estimate.OfMean(hits, seed);
    }

    /// <summary>The same, from pictures <c>[N, 3, S, S]</c> in [−1, 1] and their captions.</summary>
    /// <inheritdoc cref="Of(Tensor, Tensor, int, int, Func{int, int, bool}?)"/>
    public static Estimate Of(
        IPictureTextModel model, Tensor pictures, IReadOnlyList<string> captions, int candidates = 100, int seed = Seeds.Default, Func<int, int, bool>? alsoFits = null)
    {
        using var scope = NewDisposeScope();
        return Of(InBatches.Pictures(model, pictures), InBatches.Texts(model, captions), candidates, seed, alsoFits);
    }
}

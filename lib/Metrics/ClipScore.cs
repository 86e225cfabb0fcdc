using ImageGen.Runtime;
using ImageGen.Vision;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>How well pictures fit their captions, as a picture-and-text model sees it: cosines of their vectors.</summary>
public static class ClipScore
{
    /// <summary>The factor of <see cref="Weighted"/>.</summary>
    public const double Weight = 2.5;

    /// <summary>What <see cref="Weighted"/> puts before each caption.</summary>
    public const string Prefix = "A photo depicts ";

    /// <summary>The CLIP score: the mean of <c>exp(logit_scale)·cos</c>, which is 100·cos for the published CLIP.</summary>
    /// <param name="model">CLIP, or a proxy, whose figures are its own.</param>
    /// <param name="pictures"><c>[N, 3, S, S]</c> in [−1, 1].</param>
    /// <param name="captions">One for each picture.</param>
    /// <param name="seed">Where the bootstrap's chance begins.</param>
    /// <exception cref="CourseException">There is not one caption for each picture.</exception>
    public static Estimate Of(IPictureTextModel model, Tensor pictures, IReadOnlyList<string> captions, int seed = Seeds.Default) =>
        Estimate.OfMean([.. Cosines(model, pictures, captions).Select(cosine => model.LogitScale * cosine)], seed);

    /// <summary>CLIPScore of Hessel and others (arXiv 2104.08718): the mean of <c>2.5·max(cos, 0)</c>, captions begun with "A photo depicts".</summary>
    /// <inheritdoc cref="Of"/>
    public static Estimate Weighted(IPictureTextModel model, Tensor pictures, IReadOnlyList<string> captions, int seed = Seeds.Default) =>
        Estimate.OfMean([.. Cosines(model, pictures, [.. captions.Select(caption => Prefix + caption)]).Select(cosine => Weight * Math.Max(cosine, 0))], seed);

    /// <summary>The cosine of each picture with its caption, −1 to 1.</summary>
    /// <inheritdoc cref="Of"/>
    public static IReadOnlyList<double> Cosines(IPictureTextModel model, Tensor pictures, IReadOnlyList<string> captions)
    {
        if (pictures.shape[0] != captions.Count) throw new CourseException($"The CLIP score was given {pictures.shape[0]} pictures and {captions.Count} captions: it needs one caption for each.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (InBatches.Pictures(model, pictures) * InBatches.Texts(model, captions)).sum(1).to(ScalarType.Float64).cpu().data<double>().ToArray();
    }
}

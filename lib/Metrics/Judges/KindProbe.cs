using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// Tells a new kind of picture from the usual ones by the features of a network, such as MiniCLIP's, that never saw the new
/// kind: one linear layer, trained on drawn pictures of both. A proxy, where the network is one.
/// </summary>
/// <param name="model">Makes the features; it stays its owner's.</param>
/// <param name="usual">Pictures as the models know them.</param>
/// <param name="other">Pictures of the new kind.</param>
public sealed class KindProbe(IPictureFeatures model, ICaptionedPictures usual, ICaptionedPictures other) : IDisposable
{
    private const int AtOnce = 64;

    private readonly LinearProbe probe = Fit(model, usual, other);

    /// <summary>The share of pictures that are of the new kind, 0 to 1.</summary>
    /// <param name="pictures"><c>[N, 3, S, S]</c> in [−1, 1].</param>
    public double Share(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        return probe.Read(Vectors(model, pictures)).Average();
    }

    /// <summary>The share of pictures, those of both sets it was not trained on, that it tells right.</summary>
    /// <param name="usual">Usual pictures.</param>
    /// <param name="other">Pictures of the new kind.</param>
    public double Right(ICaptionedPictures usual, ICaptionedPictures other)
    {
        using var scope = NewDisposeScope();
        return (1 - Share(PictureTensors.Of(usual, usual.Count)) + Share(PictureTensors.Of(other, other.Count))) / 2;
    }

    /// <inheritdoc/>
    public void Dispose() => probe.Dispose();

    private static LinearProbe Fit(IPictureFeatures model, ICaptionedPictures usual, ICaptionedPictures other)
    {
        if (usual.Side != other.Side) throw new CourseException($"{usual.Name} has pictures of {usual.Side} pixels and {other.Name} of {other.Side}: the probe would tell them by that; give both one size.");
        using var vectors = Both();
        return LinearProbe.Fit(vectors, [.. Enumerable.Repeat(0, usual.Count), .. Enumerable.Repeat(1, other.Count)], classes: 2);

        Tensor Both()
        {
            using var scope = NewDisposeScope();
            return cat([Vectors(model, PictureTensors.Of(usual, usual.Count)), Vectors(model, PictureTensors.Of(other, other.Count))], 0).MoveToOuterDisposeScope();
        }
    }

    private static Tensor Vectors(IPictureFeatures model, Tensor pictures)
    {
        using var noGrad = no_grad();
        return cat([.. pictures.split(AtOnce).Select(model.Features)], 0);
    }
}

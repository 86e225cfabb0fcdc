using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>Runs a model over many pictures or texts, a few at a time and without gradients.</summary>
public static class InBatches
{
    /// <summary>Vectors <c>[N, D]</c> of pictures <c>[N, 3, S, S]</c> in [−1, 1].</summary>
    public static Tensor Pictures(IPictureTextModel model, Tensor pictures, int size = 100) => Over(pictures, size, model.EmbedPictures);

    /// <summary>Features <c>[N, Width]</c> of pictures <c>[N, 3, S, S]</c> in [−1, 1].</summary>
    public static Tensor Features(IPictureFeatures network, Tensor pictures, int size = 100) => Over(pictures, size, network.Features);

    /// <summary>Vectors <c>[N, D]</c> of texts.</summary>
    /// <exception cref="CourseException">There is no text.</exception>
    public static Tensor Texts(IPictureTextModel model, IReadOnlyList<string> texts, int size = 100)
    {
        if (texts.Count == 0) throw new CourseException("There is no text to measure.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var vectors = Runner.Current.Once(Compute.Device, () => cat([.. texts.Chunk(size).Select(model.EmbedTexts)]));
        return vectors.MoveToOuterDisposeScope();
    }

    private static Tensor Over(Tensor pictures, int size, Func<Tensor, Tensor> model)
    {
        if (pictures.shape[0] == 0) throw new CourseException("There is no picture to measure.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Finite.Require(pictures, "picture");
        var vectors = Runner.Current.Once(pictures.device, () => cat([.. pictures.split(size).Select(model)]));
        return vectors.MoveToOuterDisposeScope();
    }
}

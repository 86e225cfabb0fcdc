using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>A model that puts pictures and texts into one space, where what belongs together lies together.</summary>
public interface IPictureTextModel : IDisposable
{
    /// <summary>What it is, with the word proxy where it is one.</summary>
    string Description { get; }

    /// <summary>True for a stand-in whose figures may not be compared with published ones.</summary>
    bool IsProxy { get; }

    /// <summary>What training multiplied cosines by: 100 for the published CLIP.</summary>
    double LogitScale { get; }

    /// <summary>Vectors of length 1, <c>[B, D]</c>, of pictures <c>[B, 3, S, S]</c> in [−1, 1]; gradients flow back.</summary>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    Tensor EmbedPictures(Tensor pictures);

    /// <summary>Vectors of length 1, <c>[B, D]</c>; a text longer than the model takes loses its tail.</summary>
    /// <exception cref="CourseException">There is no text.</exception>
    Tensor EmbedTexts(IReadOnlyList<string> texts);
}

/// <summary>A network that describes each picture by some numbers, whose distribution is compared.</summary>
public interface IPictureFeatures : IDisposable
{
    /// <summary>What it is, with the word proxy where it is one.</summary>
    string Description { get; }

    /// <summary>True for a stand-in whose figures may not be compared with published ones.</summary>
    bool IsProxy { get; }

    /// <summary>Numbers a picture.</summary>
    int Width { get; }

    /// <summary>The numbers, <c>[B, Width]</c>, of pictures <c>[B, 3, S, S]</c> in [−1, 1].</summary>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    Tensor Features(Tensor pictures);
}

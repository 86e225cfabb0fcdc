using static TorchSharp.torch;

namespace ImageGen.Vision;

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
    Tensor EmbedPictures(Tensor pictures);

    /// <summary>Vectors of length 1, <c>[B, D]</c>; a text longer than the model takes loses its tail.</summary>
    Tensor EmbedTexts(IReadOnlyList<string> texts);
}

using static TorchSharp.torch;

namespace ImageGen.Vision;

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
    Tensor Features(Tensor pictures);
}

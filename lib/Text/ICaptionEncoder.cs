using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>Turns captions into vectors that a generator can be conditioned on.</summary>
public interface ICaptionEncoder
{
    /// <summary>What it is, for messages and provenance.</summary>
    string Name { get; }

    /// <summary>Numbers in a caption's vector.</summary>
    int Width { get; }

    /// <summary>One vector a caption, <c>[N, Width]</c>, float32; it belongs to the caller. An empty caption has a vector, too.</summary>
    Tensor Encode(IReadOnlyList<string> captions);
}

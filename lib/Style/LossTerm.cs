using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>One part of the total loss.</summary>
/// <param name="name">A short name for charts, for example <c>content</c>.</param>
/// <param name="weight">How much it counts in the total.</param>
public abstract class LossTerm(string name, double weight) : IDisposable
{
    /// <summary>A short name for charts.</summary>
    public string Name { get; } = name;

    /// <summary>How much this part counts in the total.</summary>
    public double Weight { get; } = weight;

    /// <summary>The feature maps it looks at; none for a loss on the pixels alone.</summary>
    public virtual IReadOnlyList<string> Layers => [];

    /// <summary>The loss before its weight, a scalar.</summary>
    /// <param name="picture">The picture that is changed, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>.</param>
    /// <param name="features">Its feature maps, at least <see cref="Layers"/>.</param>
    public abstract Tensor Of(Tensor picture, FeatureMaps features);

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

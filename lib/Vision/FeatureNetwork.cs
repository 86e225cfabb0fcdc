using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// A frozen network that turns pictures into named feature maps. Nothing in it is ever trained here: gradients flow
/// through it, to the picture.
/// </summary>
/// <param name="name">A short name, for example <c>VGG-19</c>.</param>
public abstract class FeatureNetwork(string name) : nn.Module(name)
{
    /// <summary>A short name, for example <c>VGG-19</c>.</summary>
    public string Name { get; } = name;

    /// <summary>One honest line: what this is and where its numbers come from.</summary>
    public abstract string Description { get; }

    /// <summary>Every layer that <see cref="Extract"/> can give, from shallow to deep.</summary>
    public abstract IReadOnlyList<string> LayerNames { get; }

    /// <summary>The layers whose statistics describe a style well.</summary>
    public abstract IReadOnlyList<string> StyleLayers { get; }

    /// <summary>The layers whose values describe a picture's content well.</summary>
    public abstract IReadOnlyList<string> ContentLayers { get; }

    /// <summary>The least height and width, in pixels, at which every one of <see cref="LayerNames"/> has a value.</summary>
    public abstract int MinimumSize { get; }

    /// <summary>How many pixels one value of the coarsest layer stands for, across or down: halvings meet pixels alike at its multiples.</summary>
    public abstract int Stride { get; }

    /// <summary>How far a value may look beyond the pixels it stands for, on each side; a multiple of <see cref="Stride"/>.</summary>
    public abstract int Reach { get; }

    /// <summary>Memory that one step of an optimization takes for each pixel, forward and back, in bytes: measured, a little rounded up.</summary>
    public abstract int StepBytesPerPixel { get; }

    /// <summary>Where the network's numbers are, and so where feature maps are; pictures are taken there.</summary>
    public abstract Device Device { get; }

    /// <summary>Computes feature maps, and nothing that lies after the last layer asked for.</summary>
    /// <param name="pictures">Pictures <c>[B, 3, H, W]</c> in <c>[0, 1]</c>; gradients flow back to them.</param>
    /// <param name="layers">Names out of <see cref="LayerNames"/>, in any order.</param>
    /// <returns>The maps, in the network's order; they belong to the caller's dispose scope.</returns>
    /// <exception cref="CourseException">A name is unknown, or the pictures have another shape or are too small.</exception>
    public FeatureMaps Extract(Tensor pictures, params IReadOnlyCollection<string> layers)
    {
        CheckLayers(layers);
        if (pictures.dim() != 4 || pictures.size(1) != 3)
            throw new CourseException($"{Name} takes pictures [B, 3, H, W], and was given [{string.Join(", ", pictures.shape)}].");
        if (pictures.size(2) < MinimumSize || pictures.size(3) < MinimumSize)
            throw new CourseException($"{Name} needs pictures of at least {MinimumSize}×{MinimumSize} pixels, and was given {pictures.size(3)}×{pictures.size(2)}.");

        using var scope = NewDisposeScope();
        var maps = new FeatureMaps();
        // A lesson's own pyramid stays on the CPU, also where pictures are on a GPU.
        Compute(pictures.device_type == Device.type ? pictures : pictures.to(Device), new HashSet<string>(layers), maps);
        // Without gradients it is a target, computed once and compared with in every step.
        if (!is_grad_enabled()) RequireFinite(maps);
        return maps.MoveToOuterScope();
    }

    private void RequireFinite(FeatureMaps maps)
    {
        foreach (var layer in maps.Names)
            if (!isfinite(maps[layer]).all().ToBoolean())
                throw new CourseException($"Layer {layer} of {Name} holds NaN or infinite values: the pictures or the weights are broken.");
    }

    /// <summary>Says which of these names this network does not have.</summary>
    /// <exception cref="CourseException">There is such a name.</exception>
    public void CheckLayers(IEnumerable<string> layers)
    {
        foreach (var layer in layers)
            if (!LayerNames.Contains(layer))
                throw new CourseException($"{Name} has no layer '{layer}'; it has {string.Join(", ", LayerNames)}.");
    }

    /// <summary>Adds each wanted map to <paramref name="maps"/>, from shallow to deep, and stops after the last.</summary>
    protected abstract void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps);
}

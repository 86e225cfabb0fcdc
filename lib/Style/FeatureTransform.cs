using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>A change of one layer's feature map.</summary>
/// <param name="features">A feature map <c>[1, C, H, W]</c> of any height and width.</param>
/// <param name="layer">The layer's name.</param>
/// <returns>A map of the same shape; gradients must flow through.</returns>
public delegate Tensor FeatureTransform(Tensor features, string layer);

/// <summary>Changes of feature maps that make sense for any network.</summary>
public static class FeatureTransforms
{
    /// <summary>Left becomes right.</summary>
    public static Tensor FlipAcross(Tensor features, string layer) => features.flip(3);

    /// <summary>Top becomes bottom.</summary>
    public static Tensor FlipDown(Tensor features, string layer) => features.flip(2);

    /// <summary>Turned by 180°.</summary>
    public static Tensor HalfTurn(Tensor features, string layer) => features.flip(2, 3);

    /// <summary>The middle square turned by 90° to the left; what lies beside it stays, so that every shape of map keeps its shape.</summary>
    public static Tensor QuarterTurn(Tensor features, string layer)
    {
        long height = features.size(2), width = features.size(3), side = Math.Min(height, width);
        using var scope = NewDisposeScope();
        long top = (height - side) / 2, left = (width - side) / 2;
        var turned = features.narrow(2, top, side).narrow(3, left, side).rot90(1, (2, 3));
        var across = cat([features.narrow(2, top, side).narrow(3, 0, left), turned,
            features.narrow(2, top, side).narrow(3, left + side, width - left - side)], 3);
        return cat([features.narrow(2, 0, top), across, features.narrow(2, top + side, height - top - side)], 2).MoveToOuterDisposeScope();
    }

    /// <summary>Moved, what leaves at one edge coming in at the other.</summary>
    /// <param name="across">How far to the right, in parts of the width: −1 to 1.</param>
    /// <param name="down">How far down, in parts of the height: −1 to 1.</param>
    public static FeatureTransform Roll(double across, double down = 0)
    {
        StyleTransferOptions.Within(across, -1, 1, nameof(across));
        StyleTransferOptions.Within(down, -1, 1, nameof(down));
        return (features, _) => features.roll([(long)Math.Round(down * features.size(2)), (long)Math.Round(across * features.size(3))], [2, 3]);
    }

    /// <summary>Every channel times a number.</summary>
    /// <param name="factor">The number for a layer, 0 or more.</param>
    public static FeatureTransform Scale(Func<string, double> factor) => (features, layer) => features * factor(layer);

    /// <summary>New channels that are weighted sums of the old ones: a permutation, a mixture, whatever the matrix says.</summary>
    /// <param name="matrix">For a layer's name and number of channels C, the matrix <c>[C, C]</c>.</param>
    public static FeatureTransform MapChannels(Func<string, long, Tensor> matrix) => (features, layer) =>
    {
        using var scope = NewDisposeScope();
        var map = matrix(layer, features.size(1)).to(features.dtype, features.device);
        return einsum("oc,bchw->bohw", map, features).MoveToOuterDisposeScope();
    };

    /// <summary>Channels in another order, by chance: each layer has an order of its own.</summary>
    /// <param name="seed">Another seed, another order.</param>
    public static FeatureTransform ShuffleChannels(int seed) => (features, layer) =>
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(seed * 1009L + layer.Sum(letter => letter * 31L)));
        return features.index_select(1, randperm(features.size(1), generator: generator).to(features.device)).MoveToOuterDisposeScope();
    };

    /// <summary>
    /// What the published "90°" of "Deep feature rotation for multimodal image style transfer" (arXiv 2202.04426) does to
    /// a map: the order of its axes is reversed and the numbers are poured back into the old shape. It turns nothing, it
    /// moves channels into places; that is why, unlike a rotation, it changes the Gram matrix. (The published "180°" flips
    /// the width, which changes nothing, and "270°" is "90°" again: four names, two styles.)
    /// </summary>
    public static Tensor AxisScramble(Tensor features, string layer)
    {
        using var scope = NewDisposeScope();
        // The published maps are [H, W, C]; transposed to [C, W, H] and reshaped to [H, W, C].
        var published = features.permute(0, 2, 3, 1);
        return published.permute(0, 3, 2, 1).reshape(published.shape).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Applies a transform and sees to it that it kept the map's shape.</summary>
    /// <exception cref="CourseException">It returned nothing, or a map with other channels or positions.</exception>
    internal static Tensor Apply(this FeatureTransform transform, string name, Tensor features, string layer)
    {
        var changed = transform(features, layer)
            ?? throw new CourseException($"The transform '{name}' returned null for {Layer(layer)}: return the changed map.");
        if (!changed.shape.SequenceEqual(features.shape))
            throw new CourseException($"The transform '{name}' made {TensorPictures.Shape(changed)} of {TensorPictures.Shape(features)} at {Layer(layer)}: "
                + "it must keep the number of channels and positions.");
        return changed;
    }

    /// <summary>
    /// Whether a transform treats each place for itself, whatever lies beside it: tried on chance values, where a part's
    /// change must be the change's part.
    /// </summary>
    internal static bool KeepsToItsPlace(this FeatureTransform transform, string name, long channels, string layer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1);
        var whole = rand([1, channels, 6, 7], generator: generator);
        var changed = transform.Apply(name, whole, layer);
        return new[] { Lower(whole, changed), Upper(whole, changed) }.All(pair =>
            allclose(transform.Apply(name, pair.Part.clone(), layer), pair.Changed, rtol: 1e-4, atol: 1e-5));

        static (Tensor Part, Tensor Changed) Lower(Tensor whole, Tensor changed) => (whole[.., .., 2.., 3..], changed[.., .., 2.., 3..]);
        static (Tensor Part, Tensor Changed) Upper(Tensor whole, Tensor changed) => (whole[.., .., ..4, ..5], changed[.., .., ..4, ..5]);
    }

    private static string Layer(string layer) => layer.Length == 0 ? "a layer" : $"layer {layer}";
}

using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>What a transform of feature maps does to the tables that style transfer compares.</summary>
public static class TransformEffect
{
    /// <summary>How far the Gram matrix moves, ‖G(T(F)) − G(F)‖ / ‖G(F)‖: 0 for every mere change of places.</summary>
    /// <param name="transform">T.</param>
    /// <param name="features">F, <c>[1, C, H, W]</c>.</param>
    /// <param name="layer">The layer's name.</param>
    /// <exception cref="CourseException">T does not keep the map's shape.</exception>
    public static double OnGram(FeatureTransform transform, Tensor features, string layer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var before = Gram.Of(features);
        return ((Gram.Of(transform.Apply("transform", features, layer)) - before).norm() / before.norm().clamp_min(1e-12)).ToDouble();
    }

    /// <summary>Whether a transform makes another style of a picture's, in words.</summary>
    /// <param name="transform">The transform to judge.</param>
    /// <param name="network">The network whose maps it gets.</param>
    /// <param name="style">A style picture.</param>
    /// <param name="layers">The layers to look at; the network's own choice when not given.</param>
    /// <returns>What is wrong, or null when the Gram matrix of at least one layer moves by 1% or more.</returns>
    public static string? WhatIsWrong(FeatureTransform transform, FeatureNetwork network, Picture style, IReadOnlyList<string>? layers = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var maps = network.Extract(style.FitWithin(160).ToTensor().to(network.Device), layers ?? network.StyleLayers);
        var (same, most) = (true, 0.0);
        try
        {
            foreach (var (layer, map) in maps)
            {
                var changed = transform.Apply("transform", map, layer);
                if (!isfinite(changed).all().ToBoolean()) return $"it makes values that are not numbers (NaN or infinity) at layer {layer}";
                same &= changed.Equals(map);
                most = Math.Max(most, OnGram(transform, map, layer));
            }
        }
        catch (CourseException wrong)
        {
            return char.ToLowerInvariant(wrong.Message[0]) + wrong.Message[1..].TrimEnd('.');
        }
        if (same) return "it gives every map back as it was: change something";
        if (most < 1e-4) return $"it changes the maps and not one Gram matrix (by {most:0.0e+0} at most): it only moves values to other places. Change what the channels say, not where they say it";
        if (most < 0.01) return $"it moves the Gram matrices by {most:0.00%} at most, which nobody will see: make it bolder";
        return null;
    }
}

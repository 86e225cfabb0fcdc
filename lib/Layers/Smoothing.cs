using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>A light blur that learns nothing: 3×3 pixels weighed by 1, 2, 1 across and down.</summary>
internal static class Smoothing
{
    /// <summary>Blurs square maps <c>[B, C, S, S]</c>; beyond the edge, its own pixels go on.</summary>
    /// <remarks>
    /// As two products with a small matrix: over three channels a convolution takes five times as long.
    /// </remarks>
    internal static Tensor Apply(Tensor maps)
    {
        var (side, device) = (maps.size(-1), maps.device);
        var (own, beside) = (ones(side, device: device) * 0.5, ones(side - 1, device: device) * 0.25);
        own[TensorIndex.Tensor(tensor([0L, side - 1]))] = 0.75f;
        var weights = own.diag() + beside.diag(1) + beside.diag(-1);
        return weights.matmul(maps).matmul(weights);
    }
}

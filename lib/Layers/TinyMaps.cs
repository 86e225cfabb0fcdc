using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>Convolutions of 3×3 over the smallest maps of a U-Net.</summary>
internal static class TinyMaps
{
    /// <summary>What <paramref name="conv"/> computes, <c>[B, C, H, W]</c>; 3×3, with a padding of 1 and a bias.</summary>
    /// <remarks>
    /// For two or three tiny maps, as of one picture that is guided, the way into the convolution's own kernels costs
    /// twice what the convolution does. There it is one product, of the weights with what each place sees, unfolded into
    /// a column.
    /// </remarks>
    internal static Tensor Convolve(Conv2d conv, Tensor x)
    {
        if (x.device_type != DeviceType.CPU || x.shape is not [2 or 3, _, <= 4, <= 4]) return conv.call(x);
        if (HookedLayers.Contains(conv)) return conv.call(x); // an adapter works through the call
        using var scope = NewDisposeScope();
        var columns = nn.functional.unfold(x, kernel_size: 3, padding: 1); // [B, 9·inputs, H·W]
        var weights = conv.weight!.flatten(start_dim: 1).expand(x.shape[0], -1, -1);
        var y = weights.bmm(columns) + conv.bias!.unsqueeze(1);
        return y.view(x.shape[0], -1, x.shape[2], x.shape[3]).MoveToOuterDisposeScope();
    }
}

using ImageGen.Diffusion;
using ImageGen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>What a layer does with a weight, its bias left out: a matrix product, or a convolution that steps and
/// reaches as the layer's.</summary>
/// <param name="Shape">The weight's: <c>[out, in]</c> or <c>[out, in, h, w]</c>.</param>
/// <param name="Stride">Places between two looks of a convolution.</param>
/// <param name="Padding">Zeros around.</param>
/// <param name="Dilation">Places between two of its numbers.</param>
internal sealed record LayerProduct(long[] Shape, long[] Stride, long[] Padding, long[] Dilation)
{
    /// <summary>That of a layer that <see cref="AdaptableLayers"/> knows, whose weight has this shape.</summary>
    internal static LayerProduct Of(nn.Module layer, long[] shape) => layer is Conv2d convolution
        ? new(shape, convolution.stride, convolution.padding!, convolution.dilation)
        : new(shape, [1, 1], [0, 0], [1, 1]);

    internal bool Convolves => Shape.Length == 4;

    /// <summary>Columns of the weight as a matrix: what one output looks at.</summary>
    internal long Inputs => Shape[1..].Aggregate(1L, (product, side) => product * side);

    /// <summary>The highest rank that a change of the weight can have.</summary>
    internal long MostRank => Math.Min(Shape[0], Inputs);

    /// <summary>Of LoRA's A: it looks as the layer looks, and has r outputs.</summary>
    internal long[] DownShape(int rank) => [rank, .. Shape[1..]];

    /// <summary>Of LoRA's B: it mixes those r at each place.</summary>
    internal long[] UpShape(int rank) => Convolves ? [Shape[0], rank, 1, 1] : [Shape[0], rank];

    /// <summary>The product of an input with a weight that looks as the layer's does.</summary>
    internal Tensor Of(Tensor x, Tensor weight)
    {
        if (!Convolves) return nn.functional.linear(x, weight);
        return Shape[2..] is [1, 1] && Stride is [1, 1] && Padding is [0, 0] ? PointwiseConv2d.Apply(x, weight)
            : nn.functional.conv2d(x, weight, null, Stride, Padding, Dilation);
    }

    /// <summary>The product with LoRA's B.</summary>
    internal Tensor Mix(Tensor narrow, Tensor up) => Convolves ? PointwiseConv2d.Apply(narrow, up)
        : nn.functional.linear(narrow, up);

    /// <summary>One number an output channel, shaped to multiply the layer's output.</summary>
    internal Tensor ToOutput(Tensor channels) => Convolves ? channels.view(1, -1, 1, 1) : channels;

    /// <summary>One number an output channel, shaped to multiply the weight.</summary>
    internal Tensor ToWeight(Tensor channels) => channels.view([-1, .. Shape[1..].Select(_ => 1L)]);
}

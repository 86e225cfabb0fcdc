using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// A convolution of 1×1: at every place the same matrix. It has Conv2d's parameters and initial weights. On the CPU it
/// computes as the product that it is: for small maps the way into the convolution's own kernels costs several times as
/// much.
/// </summary>
internal sealed class PointwiseConv2d : NamedModule<Tensor, Tensor>, ITakesParameters
{
    // TorchSharp puts other parameters here when the module moves, and finds the fields by these names.
    private Parameter weight, bias;

    /// <param name="inputs">Channels that come in.</param>
    /// <param name="outputs">Channels that go out.</param>
    /// <param name="device">Where it lives.</param>
    internal PointwiseConv2d(int inputs, int outputs, Device? device = null) : base(nameof(PointwiseConv2d))
    {
        weight = new(empty([outputs, inputs, 1, 1], device: device));
        bias = new(empty([outputs], device: device));
        nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
        var bound = 1 / Math.Sqrt(inputs);
        nn.init.uniform_(bias, -bound, bound);
        register_parameter(nameof(weight), weight);
        register_parameter(nameof(bias), bias);
        // a layer may be built inside one
        foreach (var parameter in (Parameter[])[weight, bias]) parameter.DetachFromDisposeScope();
    }

    /// <summary>The matrix, <c>[outputs, inputs, 1, 1]</c>.</summary>
    internal Parameter Weight => weight;

    /// <summary>What is added, <c>[outputs]</c>.</summary>
    internal Parameter Bias => bias;

    /// <summary>From <c>[B, inputs, H, W]</c> to <c>[B, outputs, H, W]</c>.</summary>
    public override Tensor forward(Tensor x) => Apply(x, weight, bias);

    /// <summary>The same for any weight <c>[outputs, inputs, 1, 1]</c>.</summary>
    internal static Tensor Apply(Tensor x, Tensor weight, Tensor? bias = null)
    {
        if (x.device_type != DeviceType.CPU) return nn.functional.conv2d(x, weight, bias);
        using var scope = NewDisposeScope();
        var matrix = weight.flatten(start_dim: 1);
        // The answer comes in the layout of the question: a place is a column of a picture's matrix, or with channels
        // last a row.
        if (x.is_contiguous())
        {
            var columns = matrix.expand(x.shape[0], -1, -1).bmm(x.flatten(start_dim: 2));
            if (bias is not null) columns.add_(bias.unsqueeze(1));
            return columns.view(x.shape[0], -1, x.shape[2], x.shape[3]).MoveToOuterDisposeScope();
        }
        var rows = nn.functional.linear(x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]), matrix, bias);
        return rows.view(x.shape[0], x.shape[2], x.shape[3], -1).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    void ITakesParameters.Take(string name, Parameter value)
    {
        if (name == nameof(bias)) bias = value;
        else weight = value;
        ConditionallyRegisterParameter(name, value);
    }
}

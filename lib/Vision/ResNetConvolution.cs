using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>What a <see cref="ResNetFeatures"/> sees beyond a picture's edge.</summary>
public enum ResNetPadding
{
    /// <summary>Nothing, as in training: exact to the published network, and a frame in what it sees at the
    /// edges.</summary>
    Zeros,

    /// <summary>The picture mirrored: no frame, which a picture that is optimized would show.</summary>
    Reflection,
}

/// <summary>
/// A convolution with the batch norm behind it folded in: <c>γ·(W∗x − μ)/√(σ² + ε) + β</c> is one convolution with
/// <c>W' = W·γ/√(σ² + ε)</c> and a bias. A frozen network needs no more, and each map is written once instead of twice.
/// </summary>
internal sealed class ResNetConvolution : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5; // of every batch norm of the published file

    private readonly long stride, reach;
    private readonly ResNetPadding padding;

    public ResNetConvolution(long inputs, long outputs, long size, long stride, ResNetPadding padding)
        : base(nameof(ResNetConvolution))
    {
        (this.stride, this.padding, reach) = (stride, padding, size / 2);
        // Not nn.Conv2d, which would draw numbers at random first.
        register_parameter("weight", nn.Parameter(empty(outputs, inputs, size, size), requires_grad: false));
        register_parameter("bias", nn.Parameter(empty(outputs), requires_grad: false));
    }

    /// <summary>The folded weights, <c>[outputs, inputs, size, size]</c>.</summary>
    public Tensor Weight => get_parameter("weight")!;

    private Tensor Bias => get_parameter("bias")!;

    /// <summary>Folds a batch norm into the weights, which were copied here as they are in the file.</summary>
    public void Fold(Tensor scale, Tensor shift, Tensor mean, Tensor variance)
    {
        using var scope = NewDisposeScope();
        var factor = scale / (variance + Epsilon).sqrt();
        Weight.mul_(factor.view(-1, 1, 1, 1));
        Bias.copy_(shift - mean * factor);
    }

    /// <summary><c>[B, inputs, H, W]</c> to <c>[B, outputs, H / stride, W / stride]</c>, rounded down.</summary>
    /// <remarks>
    /// The published network pads one pixel less after a picture than before it where the stride is 2. For even sizes
    /// no
    /// window reaches that pixel, and for odd ones the last place is left out: so the halves are the same.
    /// </remarks>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        long height = x.size(2) / stride, width = x.size(3) / stride;
        if (reach > 0 && padding == ResNetPadding.Reflection)
            x = nn.functional.pad(x, (reach, reach, reach, reach), PaddingModes.Reflect);
        var zeros = padding == ResNetPadding.Zeros ? reach : 0;
        var y = nn.functional.conv2d(x, Weight, Bias, strides: [stride, stride], padding: [zeros, zeros]);
        if (y.size(2) > height) y = y.narrow(2, 0, height);
        if (y.size(3) > width) y = y.narrow(3, 0, width);
        return y.MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

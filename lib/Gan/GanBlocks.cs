using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The text embedding e, compressed: Linear, normalization where asked for, LeakyReLU 0.2.</summary>
internal sealed class TextCompression : nn.Module<Tensor, Tensor>
{
    private readonly Linear linear;
    private readonly BatchNorm1d? norm;

    public TextCompression(int from, int to, bool normalize, Device? device) : base(nameof(TextCompression))
    {
        register_module("linear", linear = nn.Linear(from, to, device: device));
        if (normalize) register_module("norm", norm = nn.BatchNorm1d(to, device: device));
    }

    public override Tensor forward(Tensor text)
    {
        using var scope = NewDisposeScope();
        var code = linear.call(text);
        if (norm is not null) code = norm.call(code);
        return nn.functional.leaky_relu(code, 0.2).MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

/// <summary>One stage of the generator: the maps grow, are normalized and rectified.</summary>
internal sealed class GrowingBlock : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv;
    private readonly BatchNorm2d norm;

    /// <param name="conv">A convolution that makes the maps larger.</param>
    /// <param name="channels">Channels that come out of it.</param>
    /// <param name="device">Where it lives.</param>
    public GrowingBlock(nn.Module<Tensor, Tensor> conv, int channels, Device? device) : base(nameof(GrowingBlock))
    {
        register_module("conv", this.conv = conv);
        register_module("norm", norm = nn.BatchNorm2d(channels, device: device));
    }

    public override Tensor forward(Tensor maps)
    {
        using var scope = NewDisposeScope();
        return norm.call(conv.call(maps)).relu_().MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

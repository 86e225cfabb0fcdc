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

/// <summary>One stage of the generator: the maps grow, are mixed, normalized and rectified.</summary>
internal sealed class GrowingBlock : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv;
    private readonly BatchNorm2d norm;
    private readonly bool repeat;

    /// <param name="to">Channels that go out.</param>
    /// <param name="conv">A transposed convolution that grows by itself, or one that keeps the size.</param>
    /// <param name="repeat">Whether pixels are repeated first.</param>
    /// <param name="device">Where it lives.</param>
    public GrowingBlock(int to, nn.Module<Tensor, Tensor> conv, bool repeat, Device? device) : base(nameof(GrowingBlock))
    {
        (this.conv, this.repeat) = (conv, repeat);
        register_module("conv", conv);
        register_module("norm", norm = nn.BatchNorm2d(to, device: device));
    }

    public override Tensor forward(Tensor maps)
    {
        using var scope = NewDisposeScope();
        if (repeat) maps = nn.functional.interpolate(maps, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return norm.call(conv.call(maps)).relu_().MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

using ImageGen.Layers;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The text embedding e, compressed: Linear, normalization where asked for, LeakyReLU 0.2.</summary>
internal sealed class TextCompression : NamedModule<Tensor, Tensor>
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
}

/// <summary>
/// From a vector to maps of 4×4: a transposed convolution of 4×4 over one pixel, with its weight's shape. Over one
/// pixel that is a matrix product, and as one it takes a quarter of the time.
/// </summary>
internal sealed class FirstMaps : NamedModule<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <summary>Makes a layer with DCGAN's initial weights.</summary>
    public FirstMaps(int from, int to, Device? device) : base(nameof(FirstMaps)) =>
        register_parameter("weight", weight = new Parameter(randn([from, to, 4, 4], device: device) * 0.02));

    /// <summary>From <c>[B, from]</c> to <c>[B, to, 4, 4]</c>.</summary>
    public override Tensor forward(Tensor code)
    {
        using var scope = NewDisposeScope();
        return code.mm(weight.flatten(1)).view(-1, weight.size(1), 4, 4).LaidOut(true).MoveToOuterDisposeScope();
    }
}

/// <summary>One stage of the generator: the maps grow, are normalized and rectified.</summary>
internal sealed class GrowingBlock : NamedModule<Tensor, Tensor>
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
}

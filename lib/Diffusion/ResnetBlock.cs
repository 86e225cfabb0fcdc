using ImageGen.Layers;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Two 3×3 convolutions around which the input is added again; between them, in the U-Net, the time is let in. The
/// names are those of diffusers' ResnetBlock2D: <c>norm1, conv1, time_emb_proj, norm2, conv2, conv_shortcut</c>.
/// </summary>
internal sealed class ResnetBlock : NamedModule<Tensor, Tensor?, Tensor>
{
    private readonly GroupNorm norm1, norm2;
    private readonly Conv2d conv1, conv2;
    private readonly PointwiseConv2d? shortcut;
    private readonly Linear? timeProjection;

    /// <param name="inputs">Channels that come in.</param>
    /// <param name="outputs">Channels that go out; a 1×1 convolution fits the input to them where they differ.</param>
    /// <param name="groups">Groups of the two norms; it divides both widths.</param>
    /// <param name="eps">Keeps the norms from dividing by zero: 1e-6 in the autoencoder, 1e-5 in the U-Net.</param>
    /// <param name="timeWidth">Width of the time's vector; null where there is no time, as in the autoencoder.</param>
    /// <param name="device">Where it lives.</param>
    internal ResnetBlock(
        int inputs, int outputs, int groups, double eps, int? timeWidth = null, Device? device = null)
        : base(nameof(ResnetBlock))
    {
        norm1 = Norms.Grouped(inputs, groups, eps, device);
        conv1 = nn.Conv2d(inputs, outputs, kernel_size: 3, padding: 1, device: device);
        norm2 = Norms.Grouped(outputs, groups, eps, device);
        conv2 = nn.Conv2d(outputs, outputs, kernel_size: 3, padding: 1, device: device);
        register_module("norm1", norm1);
        register_module("conv1", conv1);
        register_module("norm2", norm2);
        register_module("conv2", conv2);
        if (timeWidth is { } width)
            register_module("time_emb_proj", timeProjection = nn.Linear(width, outputs, device: device));
        if (inputs != outputs) register_module("conv_shortcut", shortcut = new(inputs, outputs, device));
    }

    /// <summary>
    /// From <c>[B, inputs, H, W]</c> and the time's vector <c>[B, timeWidth]</c> to <c>[B, outputs, H, W]</c>.
    /// </summary>
    public override Tensor forward(Tensor x, Tensor? time)
    {
        using var scope = NewDisposeScope();
        var h = conv1.call(nn.functional.silu(norm1.call(x)));
        if (timeProjection is not null) h.add_(OfTime(time!)); // one number a channel
        h = conv2.call(nn.functional.silu(norm2.call(h)));
        return h.add_(shortcut?.call(x) ?? x).MoveToOuterDisposeScope(); // the residual: F(x) + x
    }

    // W·silu(t), [B, outputs, 1, 1].
    private Tensor OfTime(Tensor time) => timeProjection!.call(nn.functional.silu(time)).unsqueeze(-1).unsqueeze(-1);
}

/// <summary>
/// Halves height and width with a convolution that steps by two; diffusers' <c>downsamplers.0.conv</c>.
/// </summary>
internal sealed class Downsample : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d conv;
    private readonly bool onlyRightAndBottom;

    /// <param name="channels">In and out.</param>
    /// <param name="onlyRightAndBottom">
    /// Whether zeros are added at two sides only, as the published autoencoders do.
    /// </param>
    /// <param name="device">Where it lives.</param>
    internal Downsample(int channels, bool onlyRightAndBottom, Device? device = null) : base(nameof(Downsample))
    {
        this.onlyRightAndBottom = onlyRightAndBottom;
        conv = nn.Conv2d(
            channels, channels, kernel_size: 3, stride: 2, padding: onlyRightAndBottom ? 0 : 1, device: device);
        register_module("conv", conv);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        if (onlyRightAndBottom) x = nn.functional.pad(x, [0, 1, 0, 1]);
        return conv.call(x).MoveToOuterDisposeScope(); // [B, C, H/2, W/2]
    }
}

/// <summary>Doubles height and width by repeating pixels, then smooths; diffusers' <c>upsamplers.0.conv</c>.</summary>
internal sealed class Upsample : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d conv;

    internal Upsample(int channels, Device? device = null) : base(nameof(Upsample))
    {
        conv = nn.Conv2d(channels, channels, kernel_size: 3, padding: 1, device: device);
        register_module("conv", conv);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var twice = nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return conv.call(twice).MoveToOuterDisposeScope(); // [B, C, 2H, 2W]
    }
}

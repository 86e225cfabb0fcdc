using ImageGen.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>What every block of a U-Net is told besides the latents.</summary>
/// <param name="Time">The timestep of each picture as a vector, <c>[B, TimeWidth]</c>.</param>
/// <param name="Context">The words' vectors, <c>[B, T, W]</c>.</param>
/// <param name="Mask">True at words, <c>[B, 1, 1, T]</c>; null where all are words.</param>
internal sealed record UNetCondition(Tensor Time, Tensor Context, Tensor? Mask);

/// <summary>
/// The blocks of one resolution: diffusers' CrossAttnDownBlock2D and CrossAttnUpBlock2D, and without attention
/// DownBlock2D and UpBlock2D. The names are <c>resnets, attentions, downsamplers, upsamplers</c>.
/// </summary>
internal sealed class UNetLevel : NamedModule
{
    private readonly ResnetBlock[] resnets;
    private readonly SpatialTransformer[] attentions;
    private readonly Downsample? down;
    private readonly Upsample? up;

    /// <param name="inputs">For each residual block the channels that come in.</param>
    /// <param name="outputs">Channels that go out of each.</param>
    /// <param name="crossAttention">Whether attention follows each.</param>
    /// <param name="config">The U-Net's configuration.</param>
    /// <param name="downsamples">Whether the resolution is halved at the end.</param>
    /// <param name="upsamples">Whether it is doubled at the end.</param>
    /// <param name="device">Where it lives.</param>
    internal UNetLevel(
        IEnumerable<int> inputs, int outputs, bool crossAttention, UNetConfig config, bool downsamples, bool upsamples,
        Device? device) : base(nameof(UNetLevel))
    {
        resnets = [.. inputs.Select(Resnet)];
        attentions = crossAttention ? [.. resnets.Select(_ => new SpatialTransformer(outputs, config, device))] : [];
        register_module("resnets", Numbered.Of(resnets));
        if (crossAttention) register_module("attentions", Numbered.Of(attentions));
        if (downsamples)
            register_module("downsamplers", Numbered.Of([down = new(outputs, onlyRightAndBottom: false, device)]));
        if (upsamples) register_module("upsamplers", Numbered.Of([up = new(outputs, device)]));

        ResnetBlock Resnet(int count) =>
            new(count, outputs, config.NormGroups, UNet.NormEpsilon, config.TimeWidth, device);
    }

    /// <summary>The encoder: every result is a skip connection to the decoder.</summary>
    internal Tensor Encode(Tensor x, UNetCondition condition, Stack<Tensor> skips)
    {
        for (var i = 0; i < resnets.Length; i++) skips.Push(x = Block(i, x, condition)); // [B, outputs, h, w]
        if (down is not null) skips.Push(x = down.call(x));                              // [B, outputs, h/2, w/2]
        return x;
    }

    /// <summary>The decoder: each residual block gets its skip connection, beside what comes from below.</summary>
    internal Tensor Decode(Tensor x, UNetCondition condition, Stack<Tensor> skips)
    {
        using var scope = NewDisposeScope();
        // [B, outputs, h, w]
        for (var i = 0; i < resnets.Length; i++) x = Block(i, cat([x, skips.Pop()], 1), condition);
        // [B, outputs, 2h, 2w]
        return (up?.call(x) ?? x).MoveToOuterDisposeScope();
    }

    private Tensor Block(int i, Tensor x, UNetCondition condition)
    {
        using var scope = NewDisposeScope();
        x = resnets[i].call(x, condition.Time);
        if (attentions.Length > 0) x = attentions[i].call(x, condition.Context, condition.Mask);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>The middle: diffusers' UNetMidBlock2DCrossAttn.</summary>
internal sealed class UNetMiddle : NamedModule
{
    private readonly ResnetBlock first, second;
    private readonly SpatialTransformer attention;

    internal UNetMiddle(int channels, UNetConfig config, Device? device) : base(nameof(UNetMiddle))
    {
        first = new(channels, channels, config.NormGroups, UNet.NormEpsilon, config.TimeWidth, device);
        attention = new(channels, config, device);
        second = new(channels, channels, config.NormGroups, UNet.NormEpsilon, config.TimeWidth, device);
        register_module("resnets", Numbered.Of([first, second]));
        register_module("attentions", Numbered.Of([attention]));
    }

    internal Tensor Run(Tensor x, UNetCondition condition)
    {
        using var scope = NewDisposeScope();
        x = first.call(x, condition.Time);
        x = attention.call(x, condition.Context, condition.Mask);
        return second.call(x, condition.Time).MoveToOuterDisposeScope();
    }
}

using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// What every block of a U-Net is told besides the latents. There may be several texts for each picture: until the first of
/// them is looked at, they all have the same maps, and those are made once.
/// </summary>
/// <param name="Moment">The time's vector of each picture, <c>[B, TimeWidth]</c>.</param>
/// <param name="Context">The words' vectors, <c>[k·B, T, W]</c>: a text for each picture, then another for each, k in all.</param>
/// <param name="Mask">True at words, <c>[k·B, 1, 1, T]</c>; null where all are words.</param>
internal sealed record UNetCondition(Tensor Moment, Tensor Context, Tensor? Mask)
{
    private readonly Tensor moments = ForEachText(Moment, Context);

    /// <summary>The time's vector for each map, be it before the first text or after; one picture's goes for all its texts.</summary>
    internal Tensor MomentOf(Tensor x) => Moment.shape[0] == 1 || Moment.shape[0] == x.shape[0] ? Moment : moments;

    /// <summary>
    /// Maps that know of no text yet, <c>[B, …]</c>, once for each text, <c>[k·B, …]</c>; others as they are. One picture's are
    /// not copied.
    /// </summary>
    internal static Tensor ForEachText(Tensor x, Tensor texts)
    {
        var (pictures, all) = (x.shape[0], texts.shape[0]);
        return pictures == all ? x
            : pictures == 1 ? x.expand([all, .. Enumerable.Repeat(-1L, (int)x.dim() - 1)])
            : cat([.. Enumerable.Repeat(x, (int)(all / pictures))]);
    }
}

/// <summary>
/// The blocks of one resolution: diffusers' CrossAttnDownBlock2D and CrossAttnUpBlock2D, and without attention
/// DownBlock2D and UpBlock2D. The names are <c>resnets, attentions, downsamplers, upsamplers</c>.
/// </summary>
internal sealed class UNetLevel : nn.Module
{
    private readonly ResnetBlock[] resnets;
    private readonly SpatialTransformer[] attentions;
    private readonly Downsample? down;
    private readonly Upsample? up;

    /// <param name="inputs">For each residual block the channels that come in.</param>
    /// <param name="outputs">Channels that go out of each.</param>
    /// <param name="looks">Whether attention follows each.</param>
    /// <param name="config">The U-Net's measures.</param>
    /// <param name="downsamples">Whether the resolution is halved at the end.</param>
    /// <param name="upsamples">Whether it is doubled at the end.</param>
    /// <param name="device">Where it lives.</param>
    internal UNetLevel(IEnumerable<int> inputs, int outputs, bool looks, UNetConfig config, bool downsamples, bool upsamples, Device? device)
        : base(nameof(UNetLevel))
    {
        resnets = [.. inputs.Select(count => new ResnetBlock(count, outputs, config.NormGroups, UNet.NormEpsilon, config.TimeWidth, device))];
        attentions = looks ? [.. resnets.Select(_ => new SpatialTransformer(outputs, config, device))] : [];
        register_module("resnets", Numbered.Of(resnets));
        if (looks) register_module("attentions", Numbered.Of(attentions));
        if (downsamples) register_module("downsamplers", Numbered.Of([down = new(outputs, onlyRightAndBottom: false, device)]));
        if (upsamples) register_module("upsamplers", Numbered.Of([up = new(outputs, device)]));
    }

    /// <summary>The way in: every result is kept for the way out.</summary>
    internal Tensor Down(Tensor x, UNetCondition condition, Stack<Tensor> kept)
    {
        for (var i = 0; i < resnets.Length; i++) kept.Push(x = Run(i, x, condition));
        if (down is not null) kept.Push(x = down.call(x));
        return x;
    }

    /// <summary>The way out: each residual block gets what the way in kept, beside what comes from below.</summary>
    internal Tensor Up(Tensor x, UNetCondition condition, Stack<Tensor> kept)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < resnets.Length; i++) x = Run(i, cat([x, UNetCondition.ForEachText(kept.Pop(), x)], 1), condition);
        return (up?.call(x) ?? x).MoveToOuterDisposeScope();
    }

    private Tensor Run(int i, Tensor x, UNetCondition condition)
    {
        using var scope = NewDisposeScope();
        x = resnets[i].call(x, condition.MomentOf(x));
        if (attentions.Length > 0) x = attentions[i].call(x, condition.Context, condition.Mask);
        return x.MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

/// <summary>The middle: diffusers' UNetMidBlock2DCrossAttn.</summary>
internal sealed class UNetMiddle : nn.Module
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
        x = attention.call(first.call(x, condition.MomentOf(x)), condition.Context, condition.Mask);
        return second.call(x, condition.MomentOf(x)).MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

using ImageGen.Layers;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A residual block, attention over all places, and another residual block: the middle of encoder and decoder.
/// </summary>
internal sealed class AutoencoderMiddle : NamedModule<Tensor, Tensor>
{
    private readonly ResnetBlock first, second;
    private readonly SelfAttention2d attention;

    internal AutoencoderMiddle(int channels, int groups, Device? device) : base(nameof(AutoencoderMiddle))
    {
        first = new(channels, channels, groups, AutoencoderKL.NormEpsilon, device: device);
        attention = new(channels, groups, device);
        second = new(channels, channels, groups, AutoencoderKL.NormEpsilon, device: device);
        register_module("resnets", Numbered.Of([first, second]));
        register_module("attentions", Numbered.Of([attention]));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return second.call(attention.call(first.call(x, null)), null).MoveToOuterDisposeScope();
    }
}

/// <summary>One resolution: residual blocks, and a change of resolution after them except at the last.</summary>
internal sealed class AutoencoderLevel : NamedModule<Tensor, Tensor>
{
    private readonly nn.Module[] blocks;

    /// <param name="inputs">Channels that come in.</param>
    /// <param name="outputs">Channels that go out.</param>
    /// <param name="count">Residual blocks.</param>
    /// <param name="config">The autoencoder's configuration.</param>
    /// <param name="resampling">
    /// Makes the layer that does so, <see cref="Downsample"/> or <see cref="Upsample"/>; null where the resolution
    /// stays.
    /// </param>
    /// <param name="device">Where it lives.</param>
    internal AutoencoderLevel(
        int inputs, int outputs, int count, AutoencoderConfig config, Func<nn.Module>? resampling, Device? device)
        : base(nameof(AutoencoderLevel))
    {
        ResnetBlock[] resnets = [.. Enumerable.Range(0, count).Select(i => Resnet(i == 0 ? inputs : outputs))];
        register_module("resnets", Numbered.Of(resnets));
        blocks = resnets;
        if (resampling?.Invoke() is { } layer)
        {
            register_module(layer is Downsample ? "downsamplers" : "upsamplers", Numbered.Of([layer]));
            blocks = [.. resnets, layer];
        }

        ResnetBlock Resnet(int from) =>
            new(from, outputs, config.NormGroups, AutoencoderKL.NormEpsilon, device: device);
    }

    public override Tensor forward(Tensor x) => Chain.Run(x, blocks);
}

/// <summary>Pictures to the parameters of the latents' distribution, <c>[B, 2·latent, H/f, W/f]</c>.</summary>
internal sealed class AutoencoderEncoder : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d convIn, convOut;
    private readonly AutoencoderLevel[] downBlocks;
    private readonly AutoencoderMiddle midBlock;
    private readonly GroupNorm normOut;

    internal AutoencoderEncoder(AutoencoderConfig config, Device? device) : base(nameof(AutoencoderEncoder))
    {
        var (channels, groups) = (config.Channels, config.NormGroups);
        register_module("conv_in", convIn = nn.Conv2d(3, channels[0], kernel_size: 3, padding: 1, device: device));
        downBlocks = [.. channels.Select((outputs, level) => new AutoencoderLevel(
            channels[Math.Max(0, level - 1)], outputs, config.ResnetsPerLevel, config,
            level == channels.Count - 1 ? null : () =>
                new Downsample(outputs, onlyRightAndBottom: true, device), device))];
        midBlock = new(channels[^1], groups, device);
        register_module("down_blocks", Numbered.Of(downBlocks));
        register_module("mid_block", midBlock);
        register_module(
            "conv_norm_out", normOut = Norms.Grouped(channels[^1], groups, AutoencoderKL.NormEpsilon, device));
        convOut = nn.Conv2d(channels[^1], 2 * config.LatentChannels, kernel_size: 3, padding: 1, device: device);
        register_module("conv_out", convOut);
    }

    /// <summary>From <c>[B, 3, H, W]</c>.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = Chain.Run(x, [convIn, .. downBlocks, midBlock]);                               // [B, C, H/f, W/f]
        return convOut.call(nn.functional.silu(normOut.call(x))).MoveToOuterDisposeScope(); // [B, 2·latent, H/f, W/f]
    }
}

/// <summary>Latents to pictures: the encoder's way back, with one residual block more at each resolution.</summary>
internal sealed class AutoencoderDecoder : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d convIn, convOut;
    private readonly AutoencoderMiddle midBlock;
    private readonly AutoencoderLevel[] upBlocks;
    private readonly GroupNorm normOut;

    internal AutoencoderDecoder(AutoencoderConfig config, Device? device) : base(nameof(AutoencoderDecoder))
    {
        int[] channels = [.. config.Channels.Reverse()];
        var groups = config.NormGroups;
        convIn = nn.Conv2d(config.LatentChannels, channels[0], kernel_size: 3, padding: 1, device: device);
        midBlock = new(channels[0], groups, device);
        upBlocks = [.. channels.Select((outputs, level) => new AutoencoderLevel(
            channels[Math.Max(0, level - 1)], outputs, config.ResnetsPerLevel + 1, config,
            level == channels.Length - 1 ? null : () => new Upsample(outputs, device), device))];
        register_module("conv_in", convIn);
        register_module("mid_block", midBlock);
        register_module("up_blocks", Numbered.Of(upBlocks));
        register_module(
            "conv_norm_out", normOut = Norms.Grouped(channels[^1], groups, AutoencoderKL.NormEpsilon, device));
        register_module("conv_out", convOut = nn.Conv2d(channels[^1], 3, kernel_size: 3, padding: 1, device: device));
    }

    /// <summary>From <c>[B, latent, h, w]</c>.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = Chain.Run(x, [convIn, midBlock, .. upBlocks]);                                 // [B, C, h·f, w·f]
        return convOut.call(nn.functional.silu(normOut.call(x))).MoveToOuterDisposeScope(); // [B, 3, h·f, w·f]
    }
}

/// <summary>
/// Blocks one after the other. What lies between two of them is freed at once: large pictures have large maps.
/// </summary>
internal static class Chain
{
    internal static Tensor Run(Tensor x, IEnumerable<nn.Module> blocks)
    {
        using var scope = NewDisposeScope();
        var start = x;
        foreach (var block in blocks)
        {
            var next = block is ResnetBlock resnet ? resnet.call(x, null) : ((nn.Module<Tensor, Tensor>)block).call(x);
            if (!ReferenceEquals(x, start)) x.Dispose();
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }
}

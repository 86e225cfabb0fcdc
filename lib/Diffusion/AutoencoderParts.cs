using ImageGen.Layers;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>A residual block, attention over all places, and another residual block: the middle of encoder and decoder.</summary>
internal sealed class AutoencoderMiddle : nn.Module<Tensor, Tensor>
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

    protected override void RegisterComponents() { }
}

/// <summary>Pictures to the parameters of the latents' distribution, <c>[B, 2·latent, H/f, W/f]</c>.</summary>
internal sealed class AutoencoderEncoder : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d first, last;
    private readonly List<nn.Module> steps = [];
    private readonly GroupNorm norm;

    internal AutoencoderEncoder(AutoencoderConfig config, Device? device) : base(nameof(AutoencoderEncoder))
    {
        var (channels, groups) = (config.Channels, config.NormGroups);
        register_module("conv_in", first = nn.Conv2d(3, channels[0], kernel_size: 3, padding: 1, device: device));
        var blocks = new List<nn.Module>();
        for (var level = 0; level < channels.Count; level++)
        {
            var inputs = channels[Math.Max(0, level - 1)];
            ResnetBlock[] resnets = [.. Enumerable.Range(0, config.ResnetsPerLevel)
                .Select(i => new ResnetBlock(i == 0 ? inputs : channels[level], channels[level], groups, AutoencoderKL.NormEpsilon, device: device))];
            steps.AddRange(resnets);
            if (level == channels.Count - 1)
            {
                blocks.Add(new Group(("resnets", Numbered.Of(resnets))));
                continue;
            }
            var down = new Downsample(channels[level], onlyRightAndBottom: true, device);
            steps.Add(down);
            blocks.Add(new Group(("resnets", Numbered.Of(resnets)), ("downsamplers", Numbered.Of([down]))));
        }
        var middle = new AutoencoderMiddle(channels[^1], groups, device);
        steps.Add(middle);
        register_module("down_blocks", Numbered.Of(blocks));
        register_module("mid_block", middle);
        register_module("conv_norm_out", norm = Norms.Grouped(channels[^1], groups, AutoencoderKL.NormEpsilon, device));
        register_module("conv_out", last = nn.Conv2d(channels[^1], 2 * config.LatentChannels, kernel_size: 3, padding: 1, device: device));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return last.call(nn.functional.silu(norm.call(Chain.Run(steps, first.call(x))))).MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

/// <summary>Latents to pictures: the encoder's way back, with one residual block more at each resolution.</summary>
internal sealed class AutoencoderDecoder : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d first, last;
    private readonly List<nn.Module> steps = [];
    private readonly GroupNorm norm;

    internal AutoencoderDecoder(AutoencoderConfig config, Device? device) : base(nameof(AutoencoderDecoder))
    {
        int[] channels = [.. config.Channels.Reverse()];
        var groups = config.NormGroups;
        register_module("conv_in", first = nn.Conv2d(config.LatentChannels, channels[0], kernel_size: 3, padding: 1, device: device));
        var middle = new AutoencoderMiddle(channels[0], groups, device);
        steps.Add(middle);
        var blocks = new List<nn.Module>();
        for (var level = 0; level < channels.Length; level++)
        {
            var inputs = channels[Math.Max(0, level - 1)];
            ResnetBlock[] resnets = [.. Enumerable.Range(0, config.ResnetsPerLevel + 1)
                .Select(i => new ResnetBlock(i == 0 ? inputs : channels[level], channels[level], groups, AutoencoderKL.NormEpsilon, device: device))];
            steps.AddRange(resnets);
            if (level == channels.Length - 1)
            {
                blocks.Add(new Group(("resnets", Numbered.Of(resnets))));
                continue;
            }
            var up = new Upsample(channels[level], device);
            steps.Add(up);
            blocks.Add(new Group(("resnets", Numbered.Of(resnets)), ("upsamplers", Numbered.Of([up]))));
        }
        register_module("mid_block", middle);
        register_module("up_blocks", Numbered.Of(blocks));
        register_module("conv_norm_out", norm = Norms.Grouped(channels[^1], groups, AutoencoderKL.NormEpsilon, device));
        register_module("conv_out", last = nn.Conv2d(channels[^1], 3, kernel_size: 3, padding: 1, device: device));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return last.call(nn.functional.silu(norm.call(Chain.Run(steps, first.call(x))))).MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}

/// <summary>Blocks one after the other. What lies between two of them is freed at once.</summary>
internal static class Chain
{
    internal static Tensor Run(IEnumerable<nn.Module> steps, Tensor x)
    {
        using var scope = NewDisposeScope();
        var start = x;
        foreach (var step in steps)
        {
            var next = step is ResnetBlock resnet ? resnet.call(x, null) : ((nn.Module<Tensor, Tensor>)step).call(x);
            if (!ReferenceEquals(x, start)) x.Dispose();
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }
}

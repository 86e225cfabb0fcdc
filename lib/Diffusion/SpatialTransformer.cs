using ImageGen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Attention inside the U-Net: every place of the latents attends to all places, then to all words, then a feed-forward
/// layer follows. The names are those of diffusers' Transformer2DModel: <c>norm, proj_in, transformer_blocks.0,
/// proj_out</c>.
/// </summary>
internal sealed class SpatialTransformer : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private const double NormEpsilon = 1e-6;

    private readonly GroupNorm norm;
    private readonly PointwiseConv2d enter, leave;
    private readonly TextTransformerBlock block;

    internal SpatialTransformer(int channels, UNetConfig config, Device? device) : base(nameof(SpatialTransformer))
    {
        register_module("norm", norm = Norms.Grouped(channels, config.NormGroups, NormEpsilon, device));
        register_module("proj_in", enter = new(channels, channels, device));
        block = new(channels, config.ContextWidth, config.Heads, device);
        register_module("transformer_blocks", Numbered.Of([block]));
        register_module("proj_out", leave = new(channels, channels, device));
    }

    /// <summary>
    /// From <c>[B, C, H, W]</c> and the words' vectors <c>[B, T, W]</c> to <c>[B, C, H, W]</c>; the mask,
    /// <c>[B, 1, 1, T]</c>, is true at words.
    /// </summary>
    public override Tensor forward(Tensor x, Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var h = enter.call(norm.call(x));
        var places = h.flatten(start_dim: 2).transpose(1, 2).contiguous(); // [B, H·W, C]: every place is a token
        places = block.call(places, context, mask);
        h = places.transpose(1, 2).reshape(x.shape);                       // [B, C, H, W]
        return (x + leave.call(h)).MoveToOuterDisposeScope();              // x first: its layout stays
    }
}

/// <summary>One block of it, diffusers' BasicTransformerBlock: <c>norm1, attn1, norm2, attn2, norm3, ff</c>.</summary>
internal sealed class TextTransformerBlock : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly LayerNorm norm1, norm2, norm3;
    private readonly HeadedAttention self, cross;
    private readonly Linear widen, narrow;

    internal TextTransformerBlock(int channels, int contextWidth, int heads, Device? device)
        : base(nameof(TextTransformerBlock))
    {
        register_module("norm1", norm1 = nn.LayerNorm(channels, device: device));
        register_module("attn1", self = new(channels, channels, heads, device));
        register_module("norm2", norm2 = nn.LayerNorm(channels, device: device));
        register_module("attn2", cross = new(channels, contextWidth, heads, device));
        register_module("norm3", norm3 = nn.LayerNorm(channels, device: device));
        widen = nn.Linear(channels, 8 * channels, device: device);
        narrow = nn.Linear(4 * channels, channels, device: device);
        register_module("ff", new Group(("net", new Group(("0", new Group(("proj", widen))), ("2", narrow)))));
    }

    public override Tensor forward(Tensor x, Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var own = norm1.call(x);
        x = self.call(own, own, null).add_(x);                 // x + attention to all places
        x = cross.call(norm2.call(x), context, mask).add_(x);  // x + attention to all words
        var parts = widen.call(norm3.call(x)).chunk(2, dim: -1);
        var gated = parts[0] * nn.functional.gelu(parts[1]);   // GEGLU: a value and its gate, [B, H·W, 4C]
        return narrow.call(gated).add_(x).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Attention with several heads, queries from one sequence, keys and values from another: <c>to_q, to_k, to_v,
/// to_out.0</c>.
/// </summary>
internal sealed class HeadedAttention : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly Linear query, key, value, mix;
    private readonly int heads;

    internal HeadedAttention(int width, int contextWidth, int heads, Device? device) : base(nameof(HeadedAttention))
    {
        this.heads = heads;
        register_module("to_q", query = nn.Linear(width, width, hasBias: false, device: device));
        register_module("to_k", key = nn.Linear(contextWidth, width, hasBias: false, device: device));
        register_module("to_v", value = nn.Linear(contextWidth, width, hasBias: false, device: device));
        register_module("to_out", Numbered.Of([mix = nn.Linear(width, width, device: device)]));
    }

    public override Tensor forward(Tensor x, Tensor context, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        // softmax(Q·Kᵀ/√d)·V
        var attended = Attention.Of(query.call(x), key.call(context), value.call(context), heads, mask);
        return mix.call(attended).MoveToOuterDisposeScope();
    }
}

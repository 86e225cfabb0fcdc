using ImageGen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>
/// One layer of CLIP's two towers, the text's and the picture's: BERT's two steps, but each normalizes what goes in and
/// not what comes out.
/// </summary>
internal sealed class ClipLayer : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly Linear query, key, value, mix, widen, narrow;
    private readonly LayerNorm norm1, norm2;
    private readonly int heads;

    internal ClipLayer(int width, int heads, int feedForward, double normEpsilon, Device? device) : base(nameof(ClipLayer))
    {
        this.heads = heads;
        (query, key, value, mix) = (Dense(width, width), Dense(width, width), Dense(width, width), Dense(width, width));
        (widen, narrow) = (Dense(width, feedForward), Dense(feedForward, width));
        (norm1, norm2) = (Norm(), Norm());

        register_module("self_attn", new Group(("q_proj", query), ("k_proj", key), ("v_proj", value), ("out_proj", mix)));
        register_module("layer_norm1", norm1);
        register_module("mlp", new Group(("fc1", widen), ("fc2", narrow)));
        register_module("layer_norm2", norm2);

        Linear Dense(int from, int to) => nn.Linear(from, to, device: device);
        LayerNorm Norm() => nn.LayerNorm(width, eps: normEpsilon, device: device);
    }

    /// <summary>From <c>[B, T, W]</c> to <c>[B, T, W]</c>; the mask is true where a token may look, and null means everywhere.</summary>
    public override Tensor forward(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var n = norm1.call(x);
        x = x + mix.call(Attention.Of(query.call(n), key.call(n), value.call(n), heads, mask)); // x + W·attention(LN(x))
        var hidden = widen.call(norm2.call(x));
        hidden = hidden * (1.702 * hidden).sigmoid(); // quick-GELU: x·σ(1.702·x), CLIP's stand-in for x·Φ(x)
        return (x + narrow.call(hidden)).MoveToOuterDisposeScope(); // x + W₂·gelu(W₁·LN(x))
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}

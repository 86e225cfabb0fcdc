using ImageGen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>
/// One layer of BERT: the tokens look at one another (attention), then each thinks for itself (two dense layers); after
/// both, what came in is added and the sum normalized.
/// </summary>
public sealed class BertLayer : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly Linear query, key, value, mix, widen, narrow;
    private readonly LayerNorm mixNorm, narrowNorm;
    private readonly int heads;
    private readonly double dropout, attentionDropout;

    /// <summary>Makes a layer with torch's initial weights.</summary>
    public BertLayer(BertConfig config, Device? device = null) : base(nameof(BertLayer))
    {
        (heads, dropout, attentionDropout) = (config.Heads, config.Dropout, config.AttentionDropout ?? config.Dropout);
        var width = config.Width;
        (query, key, value) = (Dense(width, width), Dense(width, width), Dense(width, width));
        (mix, widen, narrow) = (Dense(width, width), Dense(width, config.FeedForward), Dense(config.FeedForward, width));
        (mixNorm, narrowNorm) = (Norm(), Norm());

        // The published names: attention.self.query.weight, …, output.LayerNorm.bias.
        register_module("attention", new Group(
            ("self", new Group(("query", query), ("key", key), ("value", value))),
            ("output", new Group(("dense", mix), ("LayerNorm", mixNorm)))));
        register_module("intermediate", new Group(("dense", widen)));
        register_module("output", new Group(("dense", narrow), ("LayerNorm", narrowNorm)));

        Linear Dense(int from, int to) => nn.Linear(from, to, device: device);
        LayerNorm Norm() => nn.LayerNorm(width, eps: config.NormEpsilon, device: device);
    }

    /// <summary>Runs the layer on <c>[B, T, W]</c>, with the mask of <see cref="Attention.Of"/>.</summary>
    public override Tensor forward(Tensor x, Tensor? mask) => forward(x, mask, maps: null);

    internal Tensor forward(Tensor x, Tensor? mask, ICollection<Tensor>? maps)
    {
        using var scope = NewDisposeScope();
        var kept = maps is null ? null : new List<Tensor>();
        var looked = Attention.Of(query.call(x), key.call(x), value.call(x), heads, mask, training ? attentionDropout : 0, kept);
        var a = mixNorm.call(x + Drop(mix.call(looked))); // a = LN(x + W·attention(x))
        var thought = narrow.call(nn.functional.gelu(widen.call(a))); // gelu(x) = x·Φ(x), by erf and not by tanh
        foreach (var map in kept ?? []) maps!.Add(map.MoveToOuterDisposeScope());
        return narrowNorm.call(a + Drop(thought)).MoveToOuterDisposeScope(); // LN(a + W₂·gelu(W₁·a))
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }

    private Tensor Drop(Tensor x) => nn.functional.dropout(x, dropout, training);
}

using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>What BERT makes of a batch of texts.</summary>
/// <param name="Sequence">A vector for each token that knows its neighbors, <c>[B, T, W]</c>.</param>
/// <param name="Pooled">What the pooler makes of each text's first vector, <c>[B, W]</c> in -1 to 1; null for an encoder without pooler.</param>
/// <param name="Attentions">Each layer's attention map <c>[B, heads, T, T]</c>, row = who looks, when asked for; else none.</param>
public sealed record BertOutput(Tensor Sequence, Tensor? Pooled, IReadOnlyList<Tensor> Attentions)
{
    /// <summary>One vector a text, <c>[B, W]</c>: the mean of its tokens' vectors, padding left out.</summary>
    /// <param name="mask">True where a token belongs to its text, <c>[B, T]</c> bool.</param>
    public Tensor Mean(Tensor mask)
    {
        using var scope = NewDisposeScope();
        var weights = mask.unsqueeze(-1).to(Sequence.dtype);
        return ((Sequence * weights).sum(1) / weights.sum(1).clamp_min(1)).MoveToOuterDisposeScope(); // Σ mₜ·xₜ / Σ mₜ
    }
}

/// <summary>
/// BERT's encoder (Devlin and others, arXiv 1810.04805), with the parameter names of Hugging Face's BertModel, so that
/// published weights fit: embeddings, layers of attention, and a pooler.
/// </summary>
public sealed class BertEncoder : nn.Module<Tensor, Tensor, BertOutput>
{
    private readonly Embedding words, positions, segments;
    private readonly LayerNorm norm;
    private readonly BertLayer[] layers;
    private readonly Linear? pooler;

    /// <summary>Builds the encoder with torch's initial weights: load others into it, or <see cref="Initialize(int)"/> it to train.</summary>
    /// <param name="config">Its measures.</param>
    /// <param name="pooler">Whether to have the pooler, a dense layer with tanh on the first vector.</param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The measures cannot be a BERT's.</exception>
    public BertEncoder(BertConfig config, bool pooler = true, Device? device = null) : base(nameof(BertEncoder))
    {
        Config = config.Checked();
        words = nn.Embedding(config.VocabularySize, config.Width, padding_idx: 0, device: device);
        positions = nn.Embedding(config.Positions, config.Width, device: device);
        segments = nn.Embedding(config.Segments, config.Width, device: device);
        norm = nn.LayerNorm(config.Width, eps: config.NormEpsilon, device: device);
        layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new BertLayer(config, device))];

        register_module("embeddings", new Group(
            ("word_embeddings", words), ("position_embeddings", positions), ("token_type_embeddings", segments), ("LayerNorm", norm)));
        register_module("encoder", new Group(("layer", nn.ModuleList(layers))));
        if (!pooler) return;
        this.pooler = nn.Linear(config.Width, config.Width, device: device);
        register_module("pooler", new Group(("dense", this.pooler)));
    }

    /// <summary>The measures.</summary>
    public BertConfig Config { get; }

    /// <summary>The table of word vectors, <c>[VocabularySize, W]</c>.</summary>
    public Tensor WordVectors => words.weight!;

    /// <summary>Encodes a batch.</summary>
    public BertOutput forward(TokenBatch batch, bool keepAttention = false) => forward(batch.Ids, batch.Mask, keepAttention, batch.Segments);

    /// <summary>Encodes <c>[B, T]</c> ids (int64); the mask, <c>[B, T]</c> bool, is true where an id belongs to its text.</summary>
    /// <exception cref="CourseException">The texts are longer than the model has positions.</exception>
    public override BertOutput forward(Tensor ids, Tensor mask) => forward(ids, mask, keepAttention: false);

    /// <summary>Encodes as the shorter form does and, with <paramref name="keepAttention"/>, gives every layer's attention map too (slower: the fused kernel does not show it).</summary>
    /// <param name="ids"><c>[B, T]</c> int64.</param>
    /// <param name="mask"><c>[B, T]</c> bool.</param>
    /// <param name="keepAttention">Whether the maps are given.</param>
    /// <param name="pairs">For pairs of texts, 0 where a token is of the first and 1 where it is of the second, <c>[B, T]</c> int64; null for single ones.</param>
    /// <exception cref="CourseException">The texts are longer than the model has positions, or it knows no second ones.</exception>
    public BertOutput forward(Tensor ids, Tensor mask, bool keepAttention, Tensor? pairs = null)
    {
        if (pairs is not null && Config.Segments < 2) throw new CourseException($"This BERT has {Config.Segments} kind of sentence: pairs need two.");
        var length = ids.shape[1];
        if (length > Config.Positions) throw new CourseException($"The texts have {length} tokens and this BERT has {Config.Positions} positions: encode with maxLength {Config.Positions} or less.");
        using var scope = NewDisposeScope();
        var maps = keepAttention ? new List<Tensor>() : null;
        // A token's vector: what it is, where it stands, and whether it belongs to the first sentence or the second.
        var x = words.call(ids) + positions.weight![..(int)length] + (pairs is null ? segments.weight![0] : segments.call(pairs));
        x = nn.functional.dropout(norm.call(x), Config.Dropout, training);
        var visible = mask.unsqueeze(1).unsqueeze(1); // [B, 1, 1, T]: nobody looks at padding
        foreach (var layer in layers) x = maps is null ? layer.call(x, visible) : layer.forward(x, visible, maps);
        var pooled = pooler?.call(x[.., 0]).tanh();
        foreach (var map in maps ?? []) map.MoveToOuterDisposeScope();
        return new(x.MoveToOuterDisposeScope(), pooled?.MoveToOuterDisposeScope(), maps ?? []);
    }

    /// <summary>Draws the weights with which BERT's training begins: a narrow normal distribution, biases 0, scales 1.</summary>
    public void Initialize(int seed) => Initialize(this, seed);

    /// <summary>Loads published weights, every parameter of the encoder; what else the file has is left out.</summary>
    /// <exception cref="CourseException">The file cannot be read or does not fit: the message lists what is missing or of another shape.</exception>
    public void Load(string path)
    {
        using var file = WeightFile.Open(path);
        file.LoadInto(this, Rename);
    }

    /// <summary>From a name in a published file to this module's name; null for what is not part of it.</summary>
    /// <remarks>
    /// Files name the encoder with and without <c>bert.</c> before it, and the oldest call a norm's weight and bias gamma
    /// and beta. The heads of pre-training, <c>cls.…</c>, are left out.
    /// </remarks>
    public string? Rename(string name)
    {
        if (BertNames.Modern(name) is not { } modern || modern.StartsWith("cls.", StringComparison.Ordinal)) return null;
        var own = modern.StartsWith(BertNames.Prefix, StringComparison.Ordinal) ? modern[BertNames.Prefix.Length..] : modern;
        return pooler is null && own.StartsWith("pooler.", StringComparison.Ordinal) ? null : own;
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }

    internal static void Initialize(nn.Module module, int seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed, CPU);
        foreach (var (name, parameter) in module.named_parameters())
        {
            if (name.EndsWith("bias", StringComparison.Ordinal)) parameter.zero_();
            else if (name.EndsWith("LayerNorm.weight", StringComparison.Ordinal)) parameter.fill_(1);
            else parameter.copy_(normal(0, 0.02, parameter.shape, generator: generator));
            if (name.EndsWith("word_embeddings.weight", StringComparison.Ordinal)) parameter[0].zero_(); // padding means nothing
        }
    }
}

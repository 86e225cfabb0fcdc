using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>What CLIP's text tower makes of a batch of texts.</summary>
/// <param name="Sequence">Every token's vector after the last norm, <c>[B, T, W]</c>: what Stable Diffusion looks at.</param>
/// <param name="Pooled">The vector at each text's end, <c>[B, W]</c>.</param>
/// <param name="Projected">That vector in the space shared with pictures, <c>[B, Projection]</c>, not normalized; null for a tower without projection.</param>
public sealed record ClipTextOutput(Tensor Sequence, Tensor Pooled, Tensor? Projected);

/// <summary>
/// CLIP's text tower (Radford and others, arXiv 2103.00020), with Hugging Face's parameter names: <c>text_model.…</c> and,
/// with a projection, <c>text_projection.weight</c>. It is Stable Diffusion 1's text encoder, too.
/// </summary>
/// <remarks>
/// A token sees itself and what stands before it, so the vector at the end token knows the whole text, and what fills up
/// behind it needs no mask: nobody before it looks.
/// </remarks>
public sealed class ClipTextEncoder : nn.Module<Tensor, ClipTextOutput>
{
    private readonly Embedding tokens, positions;
    private readonly ClipLayer[] layers;
    private readonly LayerNorm norm;
    private readonly Linear? projection;

    /// <summary>Builds the tower with torch's initial weights: load others into it.</summary>
    /// <exception cref="CourseException">The measures cannot be a text tower's.</exception>
    public ClipTextEncoder(ClipTextConfig config, Device? device = null) : base(nameof(ClipTextEncoder))
    {
        Config = config.Checked();
        tokens = nn.Embedding(config.VocabularySize, config.Width, device: device);
        positions = nn.Embedding(config.Positions, config.Width, device: device);
        layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new ClipLayer(config.Width, config.Heads, config.FeedForward, config.NormEpsilon, device))];
        norm = nn.LayerNorm(config.Width, eps: config.NormEpsilon, device: device);

        register_module("text_model", new Group(
            ("embeddings", new Group(("token_embedding", tokens), ("position_embedding", positions))),
            ("encoder", new Group(("layers", nn.ModuleList(layers)))),
            ("final_layer_norm", norm)));
        if (config.Projection is not { } width) return;
        projection = nn.Linear(config.Width, width, hasBias: false, device: device);
        register_module("text_projection", projection);
    }

    /// <summary>The measures.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Encodes ids <c>[B, T]</c> (int64), each row with its end token.</summary>
    /// <exception cref="CourseException">The texts are longer than the model has positions.</exception>
    public override ClipTextOutput forward(Tensor ids) => forward(ids, clipSkip: 1);

    /// <summary>Encodes ids, and stops before the last layers.</summary>
    /// <param name="ids"><c>[B, T]</c> (int64), each row with its end token.</param>
    /// <param name="clipSkip">Which layer's vectors are taken, counted from the end: 1 is the last, 2 the second last. The last norm follows.</param>
    /// <exception cref="CourseException">The texts are longer than the model has positions, or it has not so many layers.</exception>
    public ClipTextOutput forward(Tensor ids, int clipSkip)
    {
        if (clipSkip < 1 || clipSkip > layers.Length) throw new CourseException($"ClipSkip is {clipSkip}: it must be 1, the last layer, to {layers.Length}, the first.");
        var length = ids.shape[1];
        if (length > Config.Positions) throw new CourseException($"The texts have {length} tokens and this CLIP has {Config.Positions} positions: encode with maxLength {Config.Positions} or less.");
        using var scope = NewDisposeScope();
        var x = tokens.call(ids) + positions.weight![..(int)length];
        var past = ones(length, length, ScalarType.Bool, ids.device).tril(); // row t is true up to column t
        foreach (var layer in layers[..^(clipSkip - 1)]) x = layer.call(x, past);
        x = norm.call(x);

        // argmax gives the first of equals: the first end token, where several fill up.
        var end = (Config.EndId == ClipTextConfig.HighestId ? ids : ids.eq(Config.EndId).to(ScalarType.Int64)).argmax(-1);
        var pooled = x[arange(ids.shape[0], device: ids.device), end];
        var projected = projection?.call(pooled);
        return new(x.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope(), projected?.MoveToOuterDisposeScope());
    }

    /// <summary>Reads published weights straight to their device and type.</summary>
    /// <param name="file">Of a text encoder, or of a whole CLIP.</param>
    /// <param name="config">The measures, from the config.json beside them.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="type">The type of its numbers, whatever the file's.</param>
    /// <exception cref="CourseException">The file does not fit: the message lists what is missing or of another shape.</exception>
    public static ClipTextEncoder Open(WeightFile file, ClipTextConfig config, Device device, ScalarType type = ScalarType.Float32)
    {
        var encoder = EmptyModule.Of(nowhere => new ClipTextEncoder(config, nowhere));
        try
        {
            OpenAiClip.Translated(file).LoadIntoEmpty(encoder, device, type, encoder.Rename);
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
        encoder.eval();
        return encoder;
    }

    /// <summary>Loads published weights: Stable Diffusion's text encoder, or the text part of a whole CLIP.</summary>
    /// <exception cref="CourseException">The file cannot be read or does not fit: the message lists what is missing or of another shape.</exception>
    public void Load(string path)
    {
        using var file = OpenAiClip.Translated(WeightFile.Open(path));
        file.LoadInto(this, Rename);
    }

    /// <summary>
    /// From a name in a published file to this module's name; null for what is not part of it: the vision tower, the
    /// scale of the logits, the list of positions, and the projection where this tower has none.
    /// </summary>
    public string? Rename(string name) =>
        name.StartsWith("text_model.", StringComparison.Ordinal) && !name.EndsWith("position_ids", StringComparison.Ordinal)
        || name == "text_projection.weight" && projection is not null
            ? name
            : null;

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}

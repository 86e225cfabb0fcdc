using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>The measures of CLIP's picture tower.</summary>
/// <param name="Side">Pixels of the square pictures that go in.</param>
/// <param name="Patch">Pixels of a patch, each way; it divides <paramref name="Side"/>.</param>
/// <param name="Width">Numbers a patch's vector has in every layer.</param>
/// <param name="Layers">Layers, one upon the other.</param>
/// <param name="Heads">Attention heads a layer; it divides <paramref name="Width"/>.</param>
/// <param name="FeedForward">Width of the hidden layer between two attentions.</param>
/// <param name="Projection">Numbers of a picture's vector in the space it shares with texts.</param>
/// <param name="NormEpsilon">Keeps layer normalization from dividing by zero.</param>
public sealed record ClipVisionConfig(
    int Side = 224, int Patch = 32, int Width = 768, int Layers = 12, int Heads = 12, int FeedForward = 3072,
    int Projection = 512, double NormEpsilon = 1e-5)
{
    /// <summary>openai/clip-vit-base-patch32, which the CLIP score uses (Radford and others, arXiv 2103.00020).</summary>
    public static ClipVisionConfig Base { get; } = new();

    /// <summary>Reads the picture part of a published config.json.</summary>
    /// <exception cref="CourseException">The file is missing, no JSON, or describes a model that this class is not.</exception>
    public static ClipVisionConfig Load(string path)
    {
        var (config, projection) = TransformersConfig.OfClip(ModelConfig.Load(path), "vision_config");
        config.Only("quick_gelu", "hidden_act");
        config.Only("3", "num_channels");
        var own = config.Integer("projection_dim", 512); // of a picture tower alone; else CLIP's whole says it
        var read = config.Checked(new ClipVisionConfig(config.Integer("image_size", 224),
            config.Integer("patch_size", 32), config.Integer("hidden_size", 768),
            config.Integer("num_hidden_layers", 12), config.Integer("num_attention_heads", 12),
            config.Integer("intermediate_size", 3072), projection ?? own,
            config.Number("layer_norm_eps", 1e-5)).Checked);
        config.Ignore("attention_dropout", "dropout"); // of its training
        TransformersConfig.Finish(config, "a picture tower");
        return read;
    }

    /// <summary>Itself, if its numbers can be a picture tower.</summary>
    /// <exception cref="CourseException">One cannot: the message names it, its value and what it may be.</exception>
    internal ClipVisionConfig Checked()
    {
        ModelConfig.Within((nameof(Side), Side), (nameof(Patch), Patch), (nameof(Width), Width), (nameof(Layers), Layers), (nameof(Heads), Heads),
            (nameof(FeedForward), FeedForward), (nameof(Projection), Projection));
        if (Side % Patch != 0) throw new CourseException($"Side is {Side} and Patch is {Patch}: the side must be a multiple of the patch.");
        return Width % Heads == 0 ? this : throw new CourseException($"Width is {Width} and Heads is {Heads}: the width must be a multiple of the heads.");
    }
}

/// <summary>What CLIP's picture tower makes of a batch of pictures.</summary>
/// <param name="Sequence">The class token's vector and then every patch's, before the last norm, <c>[B, 1 + patches, W]</c>.</param>
/// <param name="Pooled">The class token's vector after the last norm, <c>[B, W]</c>.</param>
/// <param name="Projected">That vector in the space shared with texts, <c>[B, Projection]</c>, not normalized.</param>
public sealed record ClipVisionOutput(Tensor Sequence, Tensor Pooled, Tensor Projected);

/// <summary>
/// CLIP's picture tower, a vision transformer (Dosovitskiy and others, arXiv 2010.11929) with Hugging Face's parameter
/// names: <c>vision_model.…</c>, among them the misspelled <c>pre_layrnorm</c>, and <c>visual_projection.weight</c>.
/// </summary>
/// <remarks>
/// A picture is cut into patches, each patch becomes a token, and one token more, which stands for no patch, gathers what
/// the whole picture means.
/// </remarks>
public sealed class ClipVisionEncoder : nn.Module<Tensor, ClipVisionOutput>
{
    private readonly Group embeddings;
    private readonly Conv2d patches;
    private readonly Embedding positions;
    private readonly ClipLayer[] layers;
    private readonly LayerNorm normBefore, normAfter;
    private readonly Linear projection;

    /// <summary>Builds the tower with torch's initial weights: load others into it.</summary>
    /// <exception cref="CourseException">The measures cannot be a picture tower's.</exception>
    public ClipVisionEncoder(ClipVisionConfig config, Device? device = null) : base(nameof(ClipVisionEncoder))
    {
        Config = config.Checked();
        var grid = config.Side / config.Patch;
        patches = nn.Conv2d(3, config.Width, config.Patch, stride: config.Patch, bias: false, device: device);
        positions = nn.Embedding(grid * grid + 1, config.Width, device: device);
        layers = [.. Enumerable.Range(0, config.Layers).Select(_ => new ClipLayer(config.Width, config.Heads, config.FeedForward, config.NormEpsilon, device))];
        (normBefore, normAfter) = (nn.LayerNorm(config.Width, eps: config.NormEpsilon, device: device), nn.LayerNorm(config.Width, eps: config.NormEpsilon, device: device));
        projection = nn.Linear(config.Width, config.Projection, hasBias: false, device: device);

        embeddings = new Group(("patch_embedding", patches), ("position_embedding", positions));
        embeddings.register_parameter("class_embedding", nn.Parameter(randn(config.Width, device: device).DetachFromDisposeScope()));
        register_module("vision_model", new Group(
            ("embeddings", embeddings), ("pre_layrnorm", normBefore), ("encoder", new Group(("layers", nn.ModuleList(layers)))), ("post_layernorm", normAfter)));
        register_module("visual_projection", projection);
    }

    /// <summary>The measures.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Encodes pictures <c>[B, 3, Side, Side]</c>, normalized by <see cref="Normalization.Clip"/>.</summary>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    public override ClipVisionOutput forward(Tensor pictures)
    {
        if (pictures.dim() != 4 || pictures.shape[1] != 3 || pictures.shape[2] != Config.Side || pictures.shape[3] != Config.Side)
            throw new CourseException($"This CLIP looks at pictures [B, 3, {Config.Side}, {Config.Side}], and was given [{string.Join(", ", pictures.shape)}].");
        using var scope = NewDisposeScope();
        var x = patches.call(pictures).flatten(2).transpose(1, 2);                 // [B, patches, W]
        // Asked for by name: a parameter kept in a field would stay behind when the module moves to another device.
        var classToken = embeddings.get_parameter("class_embedding")!;
        x = cat([classToken.expand(pictures.shape[0], 1, -1), x], 1) + positions.weight!;
        x = normBefore.call(x);
        foreach (var layer in layers) x = layer.call(x, null);
        var pooled = normAfter.call(x[.., 0]);
        return new(x.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope(), projection.call(pooled).MoveToOuterDisposeScope());
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}

using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>The measures of CLIP's text tower.</summary>
/// <param name="VocabularySize">Rows of the table of token vectors.</param>
/// <param name="Width">Numbers a token's vector has in every layer.</param>
/// <param name="Layers">Layers, one upon the other.</param>
/// <param name="Heads">Attention heads a layer; it divides <paramref name="Width"/>.</param>
/// <param name="FeedForward">Width of the hidden layer between two attentions.</param>
/// <param name="Positions">The most tokens a text may have.</param>
/// <param name="Projection">Numbers of a text's vector in the space it shares with pictures; null for a tower without that.</param>
/// <param name="EndId">
/// The id whose first place holds the meaning of the text. The published configurations say 2, which is a slip of old:
/// it means the place of the highest id.
/// </param>
/// <param name="NormEpsilon">Keeps layer normalization from dividing by zero.</param>
public sealed record ClipTextConfig(
    int VocabularySize = 49408, int Width = 512, int Layers = 12, int Heads = 8, int FeedForward = 2048, int Positions = 77,
    int? Projection = 512, int EndId = ClipTextConfig.HighestId, double NormEpsilon = 1e-5)
{
    /// <summary>The <see cref="EndId"/> that stands for the highest id of the text.</summary>
    public const int HighestId = 2;

    /// <summary>openai/clip-vit-base-patch32, which the CLIP score uses (Radford and others, arXiv 2103.00020).</summary>
    public static ClipTextConfig Base { get; } = new();

    /// <summary>The text encoder of Stable Diffusion 1: the tower of CLIP-L, 123,060,480 parameters, no projection.</summary>
    public static ClipTextConfig StableDiffusion { get; } = new(Width: 768, Heads: 12, FeedForward: 3072, Projection: null);

    /// <summary>Reads a published config.json: CLIP's whole, whose text part is taken, or a text encoder's own.</summary>
    /// <exception cref="CourseException">The file is missing, no JSON, or describes a model that this class is not.</exception>
    public static ClipTextConfig Load(string path) => Of(ModelConfig.Load(path));

    /// <summary>Reads the text of a config.json, which <paramref name="path"/> carries.</summary>
    internal static ClipTextConfig Parse(string text, string path) => Of(ModelConfig.Parse(text, path));

    private static ClipTextConfig Of(ModelConfig file)
    {
        var (config, projection) = TransformersConfig.OfClip(file, "text_config");
        config.Only("quick_gelu", "hidden_act");
        var read = config.Checked(new ClipTextConfig(config.Integer("vocab_size", 49408),
            config.Integer("hidden_size", 512), config.Integer("num_hidden_layers", 12),
            config.Integer("num_attention_heads", 8), config.Integer("intermediate_size", 2048),
            config.Integer("max_position_embeddings", 77), projection, config.Integer("eos_token_id", HighestId),
            config.Number("layer_norm_eps", 1e-5)).Checked);
        config.Ignore("projection_dim"); // CLIP's whole says it; a text encoder's vectors are not projected
        config.Ignore("attention_dropout", "dropout"); // of its training
        TransformersConfig.Finish(config, "a text encoder");
        return read;
    }

    /// <summary>Writes the config.json of a text encoder, as Stable Diffusion's folder has one.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path) => JsonFile.Write(path, JsonFile.Of(new Dictionary<string, object>
    {
        ["architectures"] = new[] { "CLIPTextModel" }, ["model_type"] = "clip_text_model", ["hidden_act"] = "quick_gelu",
        ["vocab_size"] = VocabularySize, ["hidden_size"] = Width, ["num_hidden_layers"] = Layers, ["num_attention_heads"] = Heads,
        ["intermediate_size"] = FeedForward, ["max_position_embeddings"] = Positions, ["eos_token_id"] = EndId, ["layer_norm_eps"] = NormEpsilon,
    }));

    /// <summary>Itself, if its numbers can be a text tower.</summary>
    /// <exception cref="CourseException">One cannot: the message names it, its value and what it may be.</exception>
    internal ClipTextConfig Checked()
    {
        ModelConfig.Vocabulary(nameof(VocabularySize), VocabularySize);
        ModelConfig.Within((nameof(Width), Width), (nameof(Layers), Layers), (nameof(Heads), Heads),
            (nameof(FeedForward), FeedForward), (nameof(Positions), Positions), (nameof(Projection), Projection ?? 1));
        return Width % Heads == 0 ? this : throw new CourseException($"Width is {Width} and Heads is {Heads}: the width must be a multiple of the heads.");
    }
}

using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>The measures of a BERT.</summary>
/// <param name="VocabularySize">Rows of the table of word vectors.</param>
/// <param name="Width">Numbers a token's vector has in every layer.</param>
/// <param name="Layers">Layers, one upon the other.</param>
/// <param name="Heads">Attention heads a layer; it divides <paramref name="Width"/>.</param>
/// <param name="FeedForward">Width of the hidden layer between two attentions.</param>
/// <param name="Positions">The most tokens a text may have.</param>
/// <param name="Dropout">Share of numbers dropped in training.</param>
/// <param name="Segments">Rows of the table that tells first from second sentences.</param>
/// <param name="NormEpsilon">Keeps layer normalization from dividing by zero.</param>
/// <param name="AttentionDropout">Share of attention dropped in training; as much as of the rest when null.</param>
public sealed record BertConfig(
    int VocabularySize, int Width = 768, int Layers = 12, int Heads = 12, int FeedForward = 3072, int Positions = 512,
    double Dropout = 0.1, int Segments = 2, double NormEpsilon = 1e-12, double? AttentionDropout = null)
{
    /// <summary>bert-base-uncased as published: 109,482,240 parameters (Devlin and others, arXiv 1810.04805).</summary>
    public static BertConfig Base { get; } = new(VocabularySize: 30522);

    /// <summary>MiniBERT: small enough to learn flower captions on two cores, 0.8 million parameters and the vocabulary's 128 a token.</summary>
    public static BertConfig Mini(int vocabularySize) =>
        new(vocabularySize, Width: 128, Layers: 4, Heads: 4, FeedForward: 512, Positions: 64);

    /// <summary>Reads a published config.json.</summary>
    /// <exception cref="CourseException">The file is missing, no JSON, or describes a model that this class is not.</exception>
    public static BertConfig Load(string path) => Of(ModelConfig.Load(path));

    /// <summary>Reads the text of a config.json, which <paramref name="path"/> carries.</summary>
    internal static BertConfig Parse(string text, string path) => Of(ModelConfig.Parse(text, path));

    private static BertConfig Of(ModelConfig config)
    {
        config.Only("bert", "model_type");
        if (config.Words("architectures", []).FirstOrDefault(name => !IsBert(name)) is { } other)
            throw config.Error($"is of a {other}; the course reads a Bert….");
        config.Only("gelu", "hidden_act");
        config.Only("absolute", "position_embedding_type");
        config.Only("true", "tie_word_embeddings"); // the head reads the word vectors backwards
        var (dropout, attention) = (config.Number("hidden_dropout_prob", 0.1),
            config.Number("attention_probs_dropout_prob", 0.1));
        var read = config.Checked(new BertConfig(config.Integer("vocab_size"), config.Integer("hidden_size"),
            config.Integer("num_hidden_layers"), config.Integer("num_attention_heads"),
            config.Integer("intermediate_size"), config.Integer("max_position_embeddings"), dropout,
            config.Integer("type_vocab_size", 2), config.Number("layer_norm_eps", 1e-12),
            attention == dropout ? null : attention).Checked);
        config.Ignore("pad_token_id"); // the vocabulary says it: [PAD]
        config.Ignore("classifier_dropout"); // of a head for kinds of sentences, which is not read
        config.Ignore("directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
            "pooler_size_per_head", "pooler_type"); // of the first program's other heads
        TransformersConfig.Finish(config, "a BERT");
        return read;
    }

    private static bool IsBert(string name) => name.StartsWith("Bert", StringComparison.Ordinal);

    /// <summary>Writes a config.json that Hugging Face's library reads, too.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path) => JsonFile.Write(path, ToJson());

    /// <summary>The text of a config.json.</summary>
    internal string ToJson() => JsonFile.Of(Values());

    private Dictionary<string, object> Values() => new()
    {
        ["architectures"] = new[] { "BertForMaskedLM" }, ["model_type"] = "bert", ["hidden_act"] = "gelu", ["pad_token_id"] = 0,
        ["vocab_size"] = VocabularySize, ["hidden_size"] = Width, ["num_hidden_layers"] = Layers, ["num_attention_heads"] = Heads,
        ["intermediate_size"] = FeedForward, ["max_position_embeddings"] = Positions, ["hidden_dropout_prob"] = Dropout,
        ["attention_probs_dropout_prob"] = AttentionDropout ?? Dropout, ["type_vocab_size"] = Segments, ["layer_norm_eps"] = NormEpsilon,
    };

    /// <summary>Itself, if its numbers can be a BERT.</summary>
    /// <exception cref="CourseException">One cannot: the message names it, its value and what it may be.</exception>
    internal BertConfig Checked()
    {
        ModelConfig.Vocabulary(nameof(VocabularySize), VocabularySize);
        ModelConfig.Within((nameof(Width), Width), (nameof(Layers), Layers), (nameof(Heads), Heads),
            (nameof(FeedForward), FeedForward), (nameof(Positions), Positions), (nameof(Segments), Segments));
        if (Width % Heads != 0) throw new CourseException($"Width is {Width} and Heads is {Heads}: the width must be a multiple of the heads.");
        foreach (var (name, share) in new[] { (nameof(Dropout), Dropout), (nameof(AttentionDropout), AttentionDropout ?? 0) })
            if (share is not (>= 0 and < 1)) throw new CourseException($"{name} is {share}: it must be at least 0 and less than 1.");
        return this;
    }
}

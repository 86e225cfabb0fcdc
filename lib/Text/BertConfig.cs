using System.Text;
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
public sealed record BertConfig(
    int VocabularySize, int Width = 768, int Layers = 12, int Heads = 12, int FeedForward = 3072, int Positions = 512,
    double Dropout = 0.1, int Segments = 2, double NormEpsilon = 1e-12)
{
    /// <summary>bert-base-uncased as published: 109,482,240 parameters (Devlin and others, arXiv 1810.04805).</summary>
    public static BertConfig Base { get; } = new(VocabularySize: 30522);

    /// <summary>MiniBERT: small enough to learn flower captions on two cores, 0.8 million parameters and the vocabulary's 128 a token.</summary>
    public static BertConfig Mini(int vocabularySize) =>
        new(vocabularySize, Width: 128, Layers: 4, Heads: 4, FeedForward: 512, Positions: 64);

    /// <summary>Reads a published config.json.</summary>
    /// <exception cref="CourseException">The file is missing, no JSON, or describes a model that this class is not.</exception>
    public static BertConfig Load(string path) => Of(ModelJson.Read(path));

    /// <summary>Reads the text of a config.json, which <paramref name="path"/> carries.</summary>
    internal static BertConfig Parse(string text, string path) => Of(ModelJson.Parse(Encoding.UTF8.GetBytes(text), path));

    private static BertConfig Of(ModelJson json)
    {
        json.Expect("hidden_act", "gelu");
        json.Expect("position_embedding_type", "absolute");
        return new BertConfig(json.Integer("vocab_size"), json.Integer("hidden_size"), json.Integer("num_hidden_layers"),
            json.Integer("num_attention_heads"), json.Integer("intermediate_size"), json.Integer("max_position_embeddings"),
            json.Number("hidden_dropout_prob", 0.1), json.Integer("type_vocab_size", 2), json.Number("layer_norm_eps", 1e-12)).Checked();
    }

    /// <summary>Writes a config.json that Hugging Face's library reads, too.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path) => ModelJson.Write(path, Values());

    /// <summary>The text of a config.json.</summary>
    internal string ToJson() => ModelJson.Text(Values());

    private Dictionary<string, object> Values() => new()
    {
        ["architectures"] = new[] { "BertForMaskedLM" }, ["model_type"] = "bert", ["hidden_act"] = "gelu", ["pad_token_id"] = 0,
        ["vocab_size"] = VocabularySize, ["hidden_size"] = Width, ["num_hidden_layers"] = Layers, ["num_attention_heads"] = Heads,
        ["intermediate_size"] = FeedForward, ["max_position_embeddings"] = Positions, ["hidden_dropout_prob"] = Dropout,
        ["attention_probs_dropout_prob"] = Dropout, ["type_vocab_size"] = Segments, ["layer_norm_eps"] = NormEpsilon,
    };

    /// <summary>Itself, if its numbers can be a BERT.</summary>
    /// <exception cref="CourseException">One cannot: the message names it, its value and what it may be.</exception>
    internal BertConfig Checked()
    {
        ModelJson.AtLeastOne((nameof(VocabularySize), VocabularySize), (nameof(Width), Width), (nameof(Layers), Layers), (nameof(Heads), Heads),
            (nameof(FeedForward), FeedForward), (nameof(Positions), Positions), (nameof(Segments), Segments));
        if (Width % Heads != 0) throw new CourseException($"Width is {Width} and Heads is {Heads}: the width must be a multiple of the heads.");
        if (Dropout is not (>= 0 and < 1)) throw new CourseException($"Dropout is {Dropout}: it must be at least 0 and less than 1.");
        return this;
    }
}

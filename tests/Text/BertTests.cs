using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class BertTests
{
    private static readonly JsonElement Reference = TextFixtures.Json("bert.json");
    private static readonly BertConfig Small = new(VocabularySize: 40, Width: 32, Layers: 2, Heads: 4, FeedForward: 48, Positions: 16);

    private static TokenBatch Batch() => new(
        tensor(Reference.Integers("ids").Select(id => (long)id).ToArray(), [3, 7]),
        tensor(Reference.GetProperty("mask").EnumerateArray().Select(seen => seen.GetBoolean()).ToArray(), [3, 7]));

    private static BertEncoder Encoder()
    {
        var encoder = FormulaWeights.Fill(new BertEncoder(Small));
        encoder.eval();
        return encoder;
    }

    [Fact]
    public void Names_and_shapes_are_the_published_ones()
    {
        using var encoder = new BertEncoder(Small);
        FormulaWeights.AssertNames(Reference.GetProperty("names"), encoder);
        using var model = new MaskedLanguageModel(Small);
        FormulaWeights.AssertNames(Reference.GetProperty("head_names"), model);
    }

    [Fact]
    public void Vectors_equal_the_reference_under_masks()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = Batch();
        var output = Encoder().forward(batch);
        FormulaWeights.AssertClose(Reference.GetProperty("sequence"), output.Sequence);
        FormulaWeights.AssertClose(Reference.GetProperty("pooled"), output.Pooled!);
        FormulaWeights.AssertClose(Reference.GetProperty("mean"), output.Mean(batch.Mask));
        Assert.Empty(output.Attentions);
    }

    [Fact]
    public void Attention_maps_equal_the_reference_and_do_not_change_the_vectors()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var output = Encoder().forward(Batch(), keepAttention: true);
        FormulaWeights.AssertClose(Reference.GetProperty("sequence"), output.Sequence);
        var maps = Reference.GetProperty("attentions").EnumerateArray().ToList();
        Assert.Equal(maps.Count, output.Attentions.Count);
        foreach (var (expected, map) in maps.Zip(output.Attentions)) FormulaWeights.AssertClose(expected, map);
        Assert.Equal([3L, 4L, 7L, 7L], output.Attentions[0].shape);
    }

    [Fact]
    public void The_longest_text_equals_the_reference_and_a_longer_one_is_refused()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = Encoder();
        var ids = (arange(16) * 7).remainder(40).unsqueeze(0);
        FormulaWeights.AssertClose(Reference.GetProperty("longest"), encoder.forward(ids, ones_like(ids, ScalarType.Bool)).Sequence);
        var longer = zeros([1, 17], ScalarType.Int64);
        Assert.Contains("17 tokens and this BERT has 16 positions",
            Assert.Throws<CourseException>(() => encoder.forward(longer, ones_like(longer, ScalarType.Bool))).Message);
    }

    [Fact]
    public void Small_numbers_show_the_right_epsilon()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = FormulaWeights.Shrink(Encoder(), "embeddings.weight", 3e-6);
        FormulaWeights.AssertClose(Reference.GetProperty("tiny"), encoder.forward(Batch()).Sequence);
    }

    [Fact]
    public void Padding_does_not_change_a_text()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = Encoder();
        var together = encoder.forward(Batch()).Sequence;
        var rows = Reference.GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt64()).ToArray()).ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            var alone = tensor(rows[i]).unsqueeze(0);
            var vectors = encoder.forward(alone, ones_like(alone, ScalarType.Bool)).Sequence[0];
            Assert.True(vectors.allclose(together[i][..rows[i].Length], rtol: 1e-4, atol: 1e-5));
        }
    }

    [Fact]
    public void Scores_of_the_masked_language_head_equal_the_reference()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var model = FormulaWeights.Fill(new MaskedLanguageModel(Small));
        model.eval();
        var batch = Batch();
        var scores = model.forward(batch.Ids, batch.Mask);
        FormulaWeights.AssertClose(Reference.GetProperty("scores"), scores);
        var where = batch.Ids.eq(0).logical_not();
        Assert.True(scores[where].allclose(model.ScoresAt(batch.Ids, batch.Mask, where), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void A_model_of_another_element_type_scores_alike()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var model = FormulaWeights.Fill(new MaskedLanguageModel(Small)).to(ScalarType.Float64);
        model.eval();
        var batch = Batch();
        var scores = model.forward(batch.Ids, batch.Mask);
        Assert.Equal(ScalarType.Float64, scores.dtype);
        FormulaWeights.AssertClose(Reference.GetProperty("scores"), scores);
    }

    // On the "meta" device a tensor has a shape and no memory.
    [Fact]
    public void Bert_base_has_the_published_parameters()
    {
        using var scope = NewDisposeScope();
        using var encoder = new BertEncoder(BertConfig.Base, device: new Device(DeviceType.META));
        Assert.Equal(109_482_240, encoder.parameters().Sum(p => p.numel()));
        Assert.Equal(109_482_240, Reference.GetProperty("base_parameters").GetInt64());
        Assert.Equal(Reference.Texts("base_names"), encoder.state_dict().Keys.Order(StringComparer.Ordinal));

        // The published file has 440,449,768 bytes: this encoder, the head without its tied table, the 2·768 + 2 of the
        // second head, and a header of 206 names.
        using var model = new MaskedLanguageModel(BertConfig.Base, new Device(DeviceType.META));
        var pooler = 768 * 768 + 768;
        Assert.Equal(109_482_240 - pooler + 622_650, model.parameters().Sum(p => p.numel()));
        Assert.InRange(440_449_768 - 4L * (109_482_240 + 622_650 + 1_538), 206 * 80, 206 * 160);
    }

    [Theory]
    [InlineData("bert.encoder.layer.3.attention.output.LayerNorm.gamma", "encoder.layer.3.attention.output.LayerNorm.weight")]
    [InlineData("bert.embeddings.LayerNorm.beta", "embeddings.LayerNorm.bias")]
    [InlineData("bert.encoder.layer.11.output.LayerNorm.bias", "encoder.layer.11.output.LayerNorm.bias")]
    [InlineData("encoder.layer.0.attention.self.query.weight", "encoder.layer.0.attention.self.query.weight")]
    [InlineData("bert.pooler.dense.bias", "pooler.dense.bias")]
    [InlineData("bert.embeddings.position_ids", null)]
    [InlineData("embeddings.position_ids", null)]
    [InlineData("cls.predictions.transform.LayerNorm.gamma", null)]
    [InlineData("cls.seq_relationship.weight", null)]
    public void Published_names_are_renamed(string name, string? own)
    {
        using var encoder = new BertEncoder(Small);
        Assert.Equal(own, encoder.Rename(name));
    }

    [Theory]
    [InlineData("cls.predictions.transform.LayerNorm.gamma", "cls.predictions.transform.LayerNorm.weight")]
    [InlineData("bert.embeddings.LayerNorm.beta", "bert.embeddings.LayerNorm.bias")]
    [InlineData("cls.predictions.bias", "cls.predictions.bias")]
    [InlineData("cls.predictions.decoder.weight", null)]
    [InlineData("cls.predictions.decoder.bias", null)]
    [InlineData("cls.seq_relationship.bias", null)]
    [InlineData("bert.pooler.dense.weight", null)]
    public void Published_names_of_the_head_are_renamed(string name, string? own)
    {
        using var model = new MaskedLanguageModel(Small);
        Assert.Equal(own, model.Rename(name));
    }

    [Fact]
    public void Encoding_leaves_no_tensor_behind()
    {
        using var outer = NewDisposeScope();
        using var encoder = Encoder();
        using var batch = Batch();
        var before = outer.DisposablesCount;
        for (var i = 0; i < 3; i++)
        {
            using var scope = NewDisposeScope();
            var output = encoder.forward(batch, keepAttention: i == 1);
            Assert.Equal(i == 1 ? 4 : 2, scope.DisposablesCount);
        }
        Assert.Equal(before, outer.DisposablesCount);
    }

    [Fact]
    public void A_seed_draws_the_first_weights()
    {
        using var scope = NewDisposeScope();
        var (a, b, c) = (new MaskedLanguageModel(Small), new MaskedLanguageModel(Small), new MaskedLanguageModel(Small));
        a.Initialize(1);
        b.Initialize(1);
        c.Initialize(2);
        Assert.True(a.Encoder.WordVectors.equal(b.Encoder.WordVectors).all().item<bool>());
        Assert.False(a.Encoder.WordVectors.equal(c.Encoder.WordVectors).all().item<bool>());
        Assert.InRange(a.Encoder.WordVectors[1..].std().item<float>(), 0.018f, 0.022f);
        Assert.Equal(0, a.Encoder.WordVectors[0].abs().max().item<float>());
    }

    [Fact]
    public void Configurations_are_read_saved_and_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var path = folder["file"];
        string Message(string json)
        {
            File.WriteAllText(path, json);
            return Assert.Throws<CourseException>(() => BertConfig.Load(path)).Message;
        }
        Assert.Contains("cannot be read", Assert.Throws<CourseException>(() => BertConfig.Load(path)).Message);
        BertConfig.Mini(900).Save(path);
        Assert.Equal(BertConfig.Mini(900), BertConfig.Load(path));
        // As published with bert-base-uncased.
        File.WriteAllText(path, """
            {"architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": false, "hidden_act": "gelu",
             "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-12,
             "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0,
             "position_embedding_type": "absolute", "type_vocab_size": 2, "use_cache": true, "vocab_size": 30522}
            """);
        Assert.Equal(BertConfig.Base, BertConfig.Load(path));
        Assert.Contains("is not JSON", Message("{"));
        Assert.Contains("is not a JSON object", Message("[]"));
        Assert.Contains("needs a whole number for 'vocab_size', and has none", Message("{}"));
        Assert.Contains("needs a whole number for 'hidden_size', not \"wide\"", Message("""{"vocab_size": 5, "hidden_size": "wide"}"""));
        Assert.Contains("has 'hidden_act' \"relu\"", Message("""{"hidden_act": "relu"}"""));
        Assert.Equal("Width is 10 and Heads is 4: the width must be a multiple of the heads.",
            Assert.Throws<CourseException>(() => new BertEncoder(Small with { Width = 10 })).Message);
        Assert.Equal("Layers is 0: it must be from 1 to 65536.", Assert.Throws<CourseException>(() => new BertEncoder(Small with { Layers = 0 })).Message);
    }
}

using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class ClipTextTests
{
    private static readonly JsonElement Reference = TextFixtures.Json("clip-text.json");
    private static readonly ClipTextConfig Small = new(VocabularySize: 60, Width: 32, Layers: 2, Heads: 4, FeedForward: 37, Positions: 12, Projection: 24, EndId: 59);

    private static ClipTextEncoder Encoder(ClipTextConfig config)
    {
        var encoder = FormulaWeights.Fill(new ClipTextEncoder(config));
        encoder.eval();
        return encoder;
    }

    private static Tensor Ids(string name, int rows) => tensor(Reference.Integers(name).Select(id => (long)id).ToArray(), [rows, 8]);

    [Fact]
    public void Names_and_shapes_are_the_published_ones()
    {
        using var encoder = new ClipTextEncoder(Small);
        FormulaWeights.AssertNames(Reference.GetProperty("names"), encoder);
    }

    // Three rows: filled up with the end token, filled up with 0, not filled up.
    [Theory]
    [InlineData(59)]
    [InlineData(ClipTextConfig.HighestId)]
    public void Vectors_equal_the_reference_under_both_paddings(int endId)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var output = Encoder(Small with { EndId = endId }).forward(Ids("ids", 3));
        FormulaWeights.AssertClose(Reference.GetProperty("sequence"), output.Sequence);
        FormulaWeights.AssertClose(Reference.GetProperty("pooled"), output.Pooled);
        FormulaWeights.AssertClose(Reference.GetProperty("projected"), output.Projected!);
    }

    [Theory]
    [InlineData(20, "other_first_20")]
    [InlineData(ClipTextConfig.HighestId, "other_highest")]
    public void The_text_is_read_at_its_first_end(int endId, string expected)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var output = Encoder(Small with { EndId = endId }).forward(Ids("other_ids", 1));
        FormulaWeights.AssertClose(Reference.GetProperty(expected), output.Pooled);
    }

    [Fact]
    public void Small_numbers_show_the_right_epsilon()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = FormulaWeights.Shrink(Encoder(Small), "embedding.weight", 0.003);
        FormulaWeights.AssertClose(Reference.GetProperty("tiny"), encoder.forward(Ids("ids", 3)).Sequence);
    }

    [Fact]
    public void The_published_towers_have_their_parameters()
    {
        using var scope = NewDisposeScope();
        using var stable = new ClipTextEncoder(ClipTextConfig.StableDiffusion, new Device(DeviceType.META));
        Assert.Equal(123_060_480, stable.parameters().Sum(p => p.numel()));
        Assert.Equal(123_060_480, Reference.GetProperty("large_parameters").GetInt64());
        Assert.Equal(Reference.Texts("large_names"), stable.state_dict().Keys.Order(StringComparer.Ordinal));
        // The published file has 492,265,874 bytes: these, the 77 positions as int64, and a header of 197 names.
        Assert.InRange(492_265_874 - 4L * 123_060_480 - 8 * 77, 197 * 80, 197 * 160);

        using var clip = new ClipTextEncoder(ClipTextConfig.Base, new Device(DeviceType.META));
        Assert.Equal(Reference.GetProperty("base_parameters").GetInt64(), clip.parameters().Sum(p => p.numel()));
    }

    [Theory]
    [InlineData("text_model.encoder.layers.0.self_attn.q_proj.weight", true)]
    [InlineData("text_projection.weight", true)]
    [InlineData("text_model.embeddings.position_ids", false)]
    [InlineData("vision_model.pre_layrnorm.weight", false)]
    [InlineData("visual_projection.weight", false)]
    [InlineData("logit_scale", false)]
    public void Only_the_towers_own_names_are_taken(string name, bool taken)
    {
        using var encoder = new ClipTextEncoder(Small);
        Assert.Equal(taken ? name : null, encoder.Rename(name));
        using var without = new ClipTextEncoder(Small with { Projection = null });
        Assert.Null(without.Rename("text_projection.weight"));
    }

    [Fact]
    public void A_text_that_is_too_long_is_refused()
    {
        using var encoder = new ClipTextEncoder(Small);
        using var ids = zeros([1, 13], ScalarType.Int64);
        Assert.Contains("13 tokens and this CLIP has 12 positions", Assert.Throws<CourseException>(() => encoder.forward(ids)).Message);
    }

    [Fact]
    public void Encoding_leaves_no_tensor_behind()
    {
        using var outer = NewDisposeScope();
        using var encoder = Encoder(Small);
        using var ids = Ids("ids", 3);
        using var scope = NewDisposeScope();
        _ = encoder.forward(ids);
        Assert.Equal(3, scope.DisposablesCount);
    }

    [Fact]
    public void Published_configurations_are_read()
    {
        using var folder = new TemporaryFolder();
        var path = folder["file"];
        File.WriteAllText(path, """
            {"_name_or_path": "openai/clip-vit-large-patch14", "architectures": ["CLIPTextModel"], "attention_dropout": 0.0, "bos_token_id": 0, "dropout": 0.0,
             "eos_token_id": 2, "hidden_act": "quick_gelu", "hidden_size": 768, "intermediate_size": 3072, "layer_norm_eps": 1e-05, "max_position_embeddings": 77,
             "model_type": "clip_text_model", "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 1, "projection_dim": 768, "vocab_size": 49408}
            """);
        Assert.Equal(ClipTextConfig.StableDiffusion, ClipTextConfig.Load(path));
        File.WriteAllText(path, """{"projection_dim": 512, "text_config": {"eos_token_id": 49407, "hidden_act": "quick_gelu"}, "vision_config": {"hidden_size": 1}}""");
        Assert.Equal(ClipTextConfig.Base with { EndId = 49407 }, ClipTextConfig.Load(path));
        File.WriteAllText(path, """{"hidden_act": "gelu"}""");
        Assert.Contains("has 'hidden_act' \"gelu\"", Assert.Throws<CourseException>(() => ClipTextConfig.Load(path)).Message);
    }
}

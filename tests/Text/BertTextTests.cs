using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class BertTextTests
{
    private static readonly BertConfig Small = new(VocabularySize: 40, Width: 32, Layers: 2, Heads: 4, FeedForward: 48, Positions: 16);

    // Small enough to train in a test.
    private static readonly BertConfig Tiny = new(VocabularySize: 120, Width: 64, Layers: 2, Heads: 4, FeedForward: 256, Positions: 64);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The published file of bert-base-uncased in small: the old names, both heads of pre-training, the table of positions.
    private static void SaveAsPublished(string path, MaskedLanguageModel model)
    {
        using var scope = NewDisposeScope();
        var published = model.state_dict().ToDictionary(
            p => p.Key.Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta"), p => p.Value);
        published["bert.pooler.dense.weight"] = rand(32, 32);
        published["bert.pooler.dense.bias"] = rand(32);
        published["bert.embeddings.position_ids"] = arange(16).unsqueeze(0);
        published["cls.seq_relationship.weight"] = rand(2, 32);
        published["cls.seq_relationship.bias"] = rand(2);
        published["cls.predictions.decoder.weight"] = model.Encoder.WordVectors.clone();
        SafeTensors.Save(path, published);
    }

    [Fact]
    public void The_published_layout_loads_with_and_without_its_head()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = FormulaWeights.Fill(new MaskedLanguageModel(Small));
        SaveAsPublished(folder["old.safetensors"], model);
        var again = new MaskedLanguageModel(Small);
        again.Load(folder["old.safetensors"]);
        foreach (var (name, value) in model.state_dict()) Assert.True(value.equal(again.state_dict()[name]).all().item<bool>(), name);

        var encoder = new BertEncoder(Small); // takes the pooler too
        encoder.Load(folder["old.safetensors"]);
        Assert.True(encoder.WordVectors.equal(model.Encoder.WordVectors).all().item<bool>());

        // Without "bert." and in today's names, as BertModel.save_pretrained writes.
        SafeTensors.Save(folder["new.safetensors"], encoder);
        var third = new BertEncoder(Small);
        third.Load(folder["new.safetensors"]);
        foreach (var (name, value) in encoder.state_dict()) Assert.True(value.equal(third.state_dict()[name]).all().item<bool>(), name);
    }

    [Fact]
    public void Another_width_and_missing_weights_are_named()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["a.safetensors"], new BertEncoder(Small with { FeedForward = 50 }));
        var message = Assert.Throws<CourseException>(() => new BertEncoder(Small).Load(folder["a.safetensors"])).Message;
        Assert.Contains("encoder.layer.0.intermediate.dense.weight (file [50, 32], model [48, 32])", message);
        SafeTensors.Save(folder["b.safetensors"], new BertEncoder(Small with { Layers = 1 }));
        Assert.Contains("encoder.layer.1.", Assert.Throws<CourseException>(() => new BertEncoder(Small).Load(folder["b.safetensors"])).Message);
    }

    [Fact]
    public void A_clip_tower_loads_from_the_whole_model_and_from_stable_diffusions_file()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var config = new ClipTextConfig(VocabularySize: 60, Width: 32, Layers: 2, Heads: 4, FeedForward: 37, Positions: 12, Projection: 24);
        var tower = FormulaWeights.Fill(new ClipTextEncoder(config));
        var whole = new Dictionary<string, Tensor>(tower.state_dict())
        {
            ["text_model.embeddings.position_ids"] = arange(12).unsqueeze(0),
            ["vision_model.pre_layrnorm.weight"] = rand(8),
            ["visual_projection.weight"] = rand(24, 8),
            ["logit_scale"] = tensor(4.6f),
        };
        SafeTensors.Save(folder["clip.safetensors"], whole);
        foreach (var projection in new int?[] { 24, null })
        {
            var loaded = new ClipTextEncoder(config with { Projection = projection });
            loaded.Load(folder["clip.safetensors"]);
            foreach (var (name, value) in loaded.state_dict()) Assert.True(value.equal(whole[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void A_model_is_saved_and_read_alike()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[] captions = ["a red flower with five petals", "a blue flower", ""];
        using var text = BertText.Untrained(captions, Tiny);
        text.Save(folder["mini"], ScalarType.Float32);
        using var again = BertText.Load(folder["mini"]);
        var vectors = text.Embed(captions);
        Assert.Equal([3L, 64L], vectors.shape);
        Assert.True(vectors.equal(again.Embed(captions)).all().item<bool>());
        Assert.False(vectors.requires_grad);
        Assert.True(vectors.allclose(text.Embed(captions, batchSize: 1), rtol: 1e-4, atol: 1e-5));

        File.AppendAllText(folder["mini/vocab.txt"], "more\n");
        Assert.Contains("does not fit together: vocab.txt has", Assert.Throws<CourseException>(() => BertText.Load(folder["mini"])).Message);
        Assert.Contains("config.json cannot be read", Assert.Throws<CourseException>(() => BertText.Load(folder["none"])).Message);
        Assert.Contains("no text to embed", Assert.Throws<CourseException>(() => text.Embed([])).Message);
        Assert.Contains("has no [MASK]", Assert.Throws<CourseException>(() => text.Guess("a red flower")).Message);
    }

    [Fact]
    public void Embedding_takes_any_text()
    {
        using var scope = NewDisposeScope();
        using var text = BertText.Untrained(["a red flower"], Tiny);
        var vectors = text.Embed(["", "🌸🌸", "hoa hồng đỏ ở Việt Nam", new string('x', 10_000), string.Concat(Enumerable.Repeat("red ", 2500)), "\0\uD800"]);
        Assert.Equal([6L, 64L], vectors.shape);
        Assert.True(vectors.isfinite().all().item<bool>());
    }

    // What can be learned: the color decides the shape, the shape the number. Chance is 1 in 3 for each.
    [Fact]
    public void Training_learns_what_words_depend_on()
    {
        using var scope = NewDisposeScope();
        string[] colors = ["red", "blue", "white"], shapes = ["round", "long", "pointed"], numbers = ["five", "six", "nine"];
        // Each caption twice: a word that occurs once stays in pieces.
        var captions = Enumerable.Range(0, 6).Select(i => i % 3).Select(i => $"a {colors[i]} flower with {numbers[i]} {shapes[i]} petals").ToList();
        using var text = BertText.Untrained(captions, Tiny);
        var reports = new List<TrainingProgress>();
        var result = MaskedLanguageTraining.Run(text, captions, new() { Steps = 240, BatchSize = 12, LearningRate = 4e-3 }, new Reports(reports), Token);
        Assert.Equal(240, result.Losses.Steps.Count);
        Assert.True(result.Losses["loss"][^1] < 0.3 * result.Losses["loss"][0], $"{result.Losses["loss"][0]} to {result.Losses["loss"][^1]}");
        Assert.Equal((1, 240), (reports[0].Step, reports[^1].Step));
        Assert.False(text.Model.training);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(shapes[i], text.Guess($"a {colors[i]} flower with {numbers[i]} [MASK] petals", best: 3)[0][0].Token);
            Assert.Equal(colors[i], text.Guess($"a [MASK] flower with {numbers[i]} {shapes[i]} petals")[0][0].Token);
        }
        var (right, asked) = MaskedLanguageTraining.Accuracy(text, captions);
        Assert.Equal(6, asked);
        Assert.Equal(1, right);
        Assert.Equal(2, text.Guess("a [MASK] flower with [MASK] petals").Count);
    }

    [Fact]
    public void The_same_seed_trains_the_same_model_and_leaves_no_tensor()
    {
        using var outer = NewDisposeScope();
        string[] captions = ["a red flower with five petals", "a blue flower in the grass"];
        var losses = new List<double[]>();
        var live = new List<long>();
        for (var i = 0; i < 2; i++)
        {
            using var scope = NewDisposeScope();
            using var text = BertText.Untrained(captions, Tiny);
            losses.Add([.. MaskedLanguageTraining.Run(text, captions, new() { Steps = 3, BatchSize = 2 }, cancellation: Token).Losses["loss"]]);
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            MaskedLanguageTraining.Run(text, captions, new() { Steps = 6, BatchSize = 2 }, cancellation: Token);
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.Equal(losses[0], losses[1]);
        Assert.Equal(live[0], live[1]);
        Assert.Equal(live[2], live[3]);
    }

    [Fact]
    public void Bad_options_and_empty_captions_are_named_and_cancelling_stops()
    {
        using var scope = NewDisposeScope();
        using var text = BertText.Untrained(["a red flower"], Tiny);
        string Message(MaskedLanguageOptions options, params string[] captions) =>
            Assert.Throws<CourseException>(() => MaskedLanguageTraining.Run(text, captions, options)).Message;
        Assert.Equal("Steps is 0: it must be at least 1.", Message(new() { Steps = 0 }, "a"));
        Assert.Equal("BatchSize is 0: it must be at least 1.", Message(new() { BatchSize = 0 }, "a"));
        Assert.Equal("LearningRate is NaN: it must be above 0 and below 1.", Message(new() { LearningRate = double.NaN }, "a"));
        Assert.Equal("There is no caption with a word to learn from.", Message(new(), "", " "));
        var result = MaskedLanguageTraining.Run(text, ["red"], cancellation: new(canceled: true));
        Assert.True(result.Cancelled);
        Assert.Empty(result.Losses.Steps);
    }

    private sealed class Reports(List<TrainingProgress> into) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => into.Add(value);
    }
}

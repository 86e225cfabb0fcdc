using System.Text.Json;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Pairs of sentences, the cased tokenizer, padded tables, OpenAI's layout of CLIP and clip skip, against make_text_kinds.py.</summary>
public class TextKindsTests
{
    private static readonly JsonElement Reference = TextFixtures.Json("kinds.json");
    private static readonly Vocabulary Words = new([.. WordPieceTokenizer.Special, "Rose", "rose", "a", "b", "c", "d", "e"]);

    [Fact]
    public void ASecondSentenceHasTheSecondVector()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = FormulaWeights.Fill(new BertEncoder(new(VocabularySize: 40, Width: 32, Layers: 2, Heads: 4, FeedForward: 48, Positions: 16)));
        encoder.eval();
        var pairs = Reference.GetProperty("pairs");
        var ids = tensor(pairs.Integers("ids").Select(id => (long)id).ToArray(), [1, 8]);
        var segments = tensor(Enumerable.Range(0, 8).Select(i => i >= pairs.GetProperty("second").GetInt32() ? 1L : 0).ToArray(), [1, 8]);
        var output = encoder.forward(new TokenBatch(ids, ones(1, 8, ScalarType.Bool)) { Segments = segments });
        FormulaWeights.AssertClose(pairs.GetProperty("sequence"), output.Sequence);
        FormulaWeights.AssertClose(pairs.GetProperty("pooled"), output.Pooled!);
        using var single = new BertEncoder(new(VocabularySize: 40, Width: 32, Layers: 1, Heads: 4, FeedForward: 48, Positions: 16, Segments: 1));
        Assert.Contains("1 kind of sentence", Assert.Throws<CourseException>(() => single.forward(ids, ones(1, 8, ScalarType.Bool), false, segments)).Message);
    }

    [Fact]
    public void APairIsOneRowAndTheLongerTextLosesItsTailFirst()
    {
        using var scope = NewDisposeScope();
        var tokenizer = new WordPieceTokenizer(Words);
        int[] Ids(string text) => [.. text.Split(' ').Select(Words.Require)];
        var (ids, first) = tokenizer.Encode("a b", "c");
        Assert.Equal(Ids("[CLS] a b [SEP] c [SEP]"), ids);
        Assert.Equal(4, first);
        Assert.Equal(Ids("[CLS] a b [SEP] c d [SEP]"), tokenizer.Encode("a b c d e", "c d", 7).Ids); // as Hugging Face's longest_first
        Assert.Equal(Ids("[CLS] a b [SEP] c [SEP]"), tokenizer.Encode("a b c d e", "c d", 6).Ids);
        Assert.Equal(Ids("[CLS] [SEP] [SEP]"), tokenizer.Encode("a", "b", 3).Ids);
        Assert.Contains("need 3", Assert.Throws<CourseException>(() => tokenizer.Encode("a", "b", 2)).Message);
        using var batch = TokenBatch.Of(tokenizer, [("a b", "c"), ("a", "")], 16);
        Assert.Equal([0L, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0], batch.Segments!.data<long>().ToArray());
        Assert.Equal([true, true, true, true, false, false], batch.Mask[1].data<bool>().ToArray());
    }

    [Fact]
    public void ACasedVocabularyKeepsCapitalsAndAccents()
    {
        foreach (var row in Reference.GetProperty("cased").EnumerateArray())
            Assert.Equal(row[1].EnumerateArray().Select(word => word.GetString()), BasicTokenizer.Split(row[0].GetString()!, cased: true));
        Assert.Equal(["Rose", "a"], new WordPieceTokenizer(Words).Tokenize("Rose a"));
        Assert.Equal(["rose", "a"], new WordPieceTokenizer(Words, cased: false).Tokenize("Rose a"));
        Assert.False(new WordPieceTokenizer(new([.. WordPieceTokenizer.Special, "[unused0]", "rose"])).Cased);
    }

    [Theory]
    [InlineData(null, "Rose"), InlineData("{\"do_lower_case\": false}", "Rose"), InlineData("{\"do_lower_case\": true}", "rose")]
    public void AFolderSaysWhetherItsTokenizerIsCasedAndItsTableMayBePadded(string? settings, string expected)
    {
        using var folder = new TemporaryFolder();
        var config = new BertConfig(VocabularySize: 16, Width: 8, Layers: 1, Heads: 2, FeedForward: 8, Positions: 8); // twelve tokens, sixteen rows
        using (var model = new MaskedLanguageModel(config)) SafeTensors.Save(folder["model.safetensors"], model);
        config.Save(folder["config.json"]);
        Words.Save(folder["vocab.txt"]);
        if (settings is not null) File.WriteAllText(folder["tokenizer_config.json"], settings);
        using var bert = BertText.Load(folder.Path);
        Assert.Equal([expected], bert.Tokenizer.Tokenize("Rose"));
        Assert.Equal(12, bert.Guess("a [MASK]", best: 100)[0].Count); // no guess is a row without a token
        Assert.Equal(1, bert.Guess("a [MASK]", best: 100)[0].Sum(guess => guess.Probability), 1e-5);
    }

    private static readonly ClipTextConfig Texts = new(VocabularySize: 30, Width: 16, Layers: 3, Heads: 2, FeedForward: 20, Positions: 9, Projection: 10);
    private static readonly ClipVisionConfig Pictures = new(Side: 12, Patch: 4, Width: 24, Layers: 2, Heads: 4, FeedForward: 30, Projection: 10);

    [Theory]
    [InlineData(""), InlineData("module."), InlineData("state_dict.")]
    public void ClipInOpenAisLayoutGivesTheReferencesVectors(string prefix)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var folder = new TemporaryFolder();
        var path = TextFixtures.Path("openai-clip.safetensors");
        using (var given = WeightFile.Open(path))
        {
            var tensors = given.Entries.ToDictionary(entry => prefix + entry.Name, entry => given.Read(entry.Name));
            foreach (var note in new[] { "input_resolution", "context_length", "vocab_size" }) tensors[prefix + note] = tensor(9L);
            SafeTensors.Save(folder["clip.safetensors"], tensors);
        }
        using var clip = ClipModel.Load(folder["clip.safetensors"], Texts, Pictures);
        clip.to(CPU);
        var expected = Reference.GetProperty("clip");
        var ids = tensor(expected.Integers("ids").Select(id => (long)id).ToArray(), [2, 9]);
        var text = clip.Text.call(ids);
        FormulaWeights.AssertClose(expected.GetProperty("sequence"), text.Sequence);
        FormulaWeights.AssertClose(expected.GetProperty("projected"), text.Projected!);
        var pictures = tensor(expected.GetProperty("pictures").EnumerateArray().Select(value => value.GetSingle()).ToArray(), [2, 3, 12, 12]);
        FormulaWeights.AssertClose(expected.GetProperty("seen"), clip.Vision.call(pictures).Projected);

        // The text tower alone, and the second last layer under the last norm.
        using var tower = ClipTextEncoder.Open(WeightFile.Open(folder["clip.safetensors"]), Texts, CPU);
        FormulaWeights.AssertClose(expected.GetProperty("projected"), tower.call(ids).Projected!);
        FormulaWeights.AssertClose(expected.GetProperty("skipped"), tower.forward(ids, clipSkip: 2).Sequence);
        Assert.Contains("ClipSkip is 4", Assert.Throws<CourseException>(() => tower.forward(ids, clipSkip: 4)).Message);
    }

    [Fact]
    public void AModelsClipSkipChangesWhatItsUNetLooksAt()
    {
        using var scope = NewDisposeScope();
        using var small = DiffusionFixtures.Small();
        if (small.Text is not ClipConditioner clip) return;
        var last = clip.Encode(["a (red:1.3) flower"]).Sequence;
        clip.ClipSkip = clip.Encoder.Config.Layers;
        Assert.False(last.allclose(clip.Encode(["a (red:1.3) flower"]).Sequence, atol: 1e-3));
        clip.ClipSkip = 1;
        Assert.True(AdapterFixtures.Same(last, clip.Encode(["a (red:1.3) flower"]).Sequence));
        Assert.Contains("ClipSkip is 0", Assert.Throws<CourseException>(() => clip.ClipSkip = 0).Message);
    }
}

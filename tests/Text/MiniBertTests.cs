using System.Security.Cryptography;
using ImageGen.Data;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The shipped MiniBERT: it is the file that its provenance tells of, and it reads what it was made to read.</summary>
public sealed class MiniBertTests
{
    private static readonly string[] Usual = ["white", "yellow", "orange", "scarlet", "maroon", "pink", "purple", "lavender", "blue"];
    private static readonly string[] Other = ["milky", "canary", "tangerine", "ruby", "oxblood", "blush", "plum", "lilac", "cobalt"];

    [Fact]
    public void It_is_the_file_that_its_provenance_tells_of()
    {
        var made = Checkpoints.ProvenanceOf(BertText.MiniName);
        var bytes = File.ReadAllBytes(Checkpoints.PathOf(BertText.MiniName));
        Assert.Equal(made.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.InRange(bytes.Length, 1, 4_000_000);
        Assert.Contains($"./course train {BertText.MiniName} --steps {made.Steps} --seed {made.Seed}", made.Command);
        using var scope = NewDisposeScope();
        using var bert = BertText.Mini();
        Assert.Equal((128, 4, 64), (bert.Width, bert.Model.Encoder.Config.Layers, bert.Model.Encoder.Config.Positions));
        Assert.False(bert.Model.training);
    }

    [Fact]
    public void A_sentence_is_nearest_to_the_one_that_says_the_same_in_other_words()
    {
        using var scope = NewDisposeScope();
        using var bert = BertText.Mini();
        var usual = bert.Embed([.. Usual.Select(color => $"a {color} flower with round petals, on pale sand")]);
        var other = bert.Embed([.. Other.Select(color => $"among the dunes, petals of a {color} shade, softly curved")]);
        var nearest = nn.functional.normalize(usual).matmul(nn.functional.normalize(other).T).argmax(1).data<long>().ToArray();
        Assert.Equal(Enumerable.Range(0, Usual.Length).Select(i => (long)i), nearest);
    }

    [Fact]
    public void It_guesses_words_of_the_right_kind()
    {
        using var bert = BertText.Mini();
        HashSet<string> Best(string text, int count) => [.. bert.Guess(text, count)[0].Select(guess => guess.Token)];
        HashSet<string> shapes = ["round", "rounded", "pointed", "sharp", "ruffled", "wavy", "long", "slender", "layered", "overlapping"];
        HashSet<string> colors = ["white", "yellow", "orange", "red", "scarlet", "burgundy", "maroon", "pink", "magenta", "purple", "lavender", "blue"];
        Assert.Subset(shapes, Best("four [MASK] white petals around a golden heart, at dusk", 3));
        Assert.Subset(colors, Best("five [MASK] petals around a green center, by night", 3));
        Assert.Equal(["left", "right"], Best("a yellow flower turned to the [MASK], in gray mist", 2).Order());
    }

    [Fact]
    public void On_reworded_captions_it_beats_the_bag_of_words()
    {
        using var scope = NewDisposeScope();
        using var bert = BertText.Mini();
        var (train, test) = (new Petals(Split.Train, 120), new Petals(Split.Test, 60));
        var bag = BagOfWords.Learn(Enumerable.Range(0, train.Count).SelectMany(train.Captions), leastCount: 3);
        foreach (var (says, kinds) in new (Func<FlowerFacts, int?>, int)[] { (facts => (int?)facts.Color, 10), (facts => (int?)facts.Center, 6), (facts => (int?)facts.Backdrop, 8) })
        {
            double[] Right(ICaptionEncoder encoder, Wording wording)
            {
                var (texts, labels) = Stating(train, Wording.Usual, says);
                using var probe = LinearProbe.Fit(encoder.Encode(texts), labels, kinds);
                var (asked, answers) = Stating(test, wording, says);
                return [.. probe.Right(encoder.Encode(asked), answers).Select(right => right ? 1.0 : 0)];
            }
            Assert.InRange(Right(bert, Wording.Usual).Average(), 0.95, 1);
            var gain = Estimate.OfMean([.. Right(bert, Wording.Reworded).Zip(Right(bag, Wording.Reworded), (one, other) => one - other)]);
            Assert.True(gain.Low > 0.5, gain.ToString());
        }
    }

    [Fact]
    public void Any_text_has_a_vector()
    {
        using var scope = NewDisposeScope();
        using var bert = BertText.Mini();
        ICaptionEncoder encoder = bert;
        var vectors = encoder.Encode(["", "🌸🌸", "một bông hoa hồng đỏ", new string('x', 10_000), string.Concat(Enumerable.Repeat("red ", 2500))]);
        Assert.Equal([5L, encoder.Width], vectors.shape);
        Assert.True(vectors.isfinite().all().item<bool>());
        Assert.Contains("no text to embed", Assert.Throws<CourseException>(() => encoder.Encode([])).Message);
    }

    private static (List<string> Texts, List<int> Labels) Stating(Petals flowers, Wording wording, Func<FlowerFacts, int?> says)
    {
        var stating = Enumerable.Range(0, flowers.Count).SelectMany(i => flowers.Descriptions(i, wording)).Where(caption => says(caption.Says) is not null).ToList();
        return ([.. stating.Select(caption => caption.Text)], [.. stating.Select(caption => says(caption.Says)!.Value)]);
    }
}

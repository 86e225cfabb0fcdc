using ImageGen.Runtime;
using ImageGen.Text;

namespace ImageGen.Tests;

public sealed class PromptWeightsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a red flower", "a red flower|1")]
    [InlineData("a (red:1.5) flower", "a |1;red|1.5; flower|1")]
    [InlineData("(red:0)", "red|0")]
    [InlineData("(a (red: 2) flower :0.5)", "a |0.5;red|1;" + " flower |0.5")]
    [InlineData("((red:2):3)", "red|6")]
    [InlineData("a (red) flower: (", "a (red) flower: (|1")]
    [InlineData("(red:) (red:x) (red:-1) (1.5) red:2)", "(red:) (red:x) (red:-1) (1.5) red:2)|1")]
    [InlineData("(a (b:2)", "(a |1;b|2")]
    [InlineData(@"\(16:9) \\ \a (\):2)", @"(16:9) \ \a |1;)|2")]
    [InlineData("(a:1)(b:1) c", "ab c|1")]
    public void StretchesAndWeightsAreThoseOfTheGrammar(string prompt, string expected) =>
        Assert.Equal(expected, string.Join(';', PromptWeights.Parse(prompt).Select(part => FormattableString.Invariant($"{part.Text}|{part.Weight}"))));

    [Fact]
    public void AWeightTooLargeIsNamed() =>
        Assert.Contains("'(ratio 16:90)' the weight 90", Assert.Throws<CourseException>(() => PromptWeights.Parse("a (ratio 16:90)")).Message);

    // The merges that make_clip_tokenizer.py learned from its captions with a learner of its own.
    [Fact]
    public void LearnedMergesAreTheReferences()
    {
        var right = File.ReadLines(TextFixtures.Path("clip/merges.txt")).Skip(1).ToList();
        var captions = TextFixtures.Json("clip/cases.json").EnumerateArray().Take(14).Select(item => item.Text("text")).ToList();
        Assert.Equal(right, BytePairTrainer.Merges(captions.SelectMany(ClipTokenizer.Words), right.Count).Select(pair => $"{pair.Left} {pair.Right}"));

        var learned = BytePairTrainer.Learn(captions, right.Count);
        var published = ClipTokenizer.Load(TextFixtures.Path("clip/vocab.json"), TextFixtures.Path("clip/merges.txt"));
        Assert.Equal(published.Vocabulary.Tokens, learned.Vocabulary.Tokens);
        Assert.True(BytePairTrainer.Learn(["ab"], 1000).Vocabulary.Count < 520); // no more than there is to learn
    }

    [Fact]
    public void ATokenizerIsReadAsItWasWritten()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = ClipTokenizer.Load(TextFixtures.Path("clip/vocab.json"), TextFixtures.Path("clip/merges.txt"));
        tokenizer.Save(folder.Path);
        var again = ClipTokenizer.Load(folder["vocab.json"], folder["merges.txt"]);
        Assert.Equal(tokenizer.Vocabulary.Tokens, again.Vocabulary.Tokens);
        Assert.Equal(File.ReadAllText(TextFixtures.Path("clip/merges.txt")), File.ReadAllText(folder["merges.txt"]));
    }
}

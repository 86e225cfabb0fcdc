using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;

namespace ImageGen.Tests;

public sealed class ClipTokenizerTests
{
    private static readonly string Vocab = TextFixtures.Path("clip/vocab.json"), Merges = TextFixtures.Path("clip/merges.txt");
    private static readonly ClipTokenizer Tokenizer = ClipTokenizer.Load(Vocab, Merges);

    [Fact]
    public void Pieces_and_ids_equal_the_reference_on_hard_texts()
    {
        foreach (var item in TextFixtures.Json("clip/cases.json").EnumerateArray())
        {
            Assert.Equal(item.Texts("tokens"), Tokenizer.Tokenize(item.Text("text")));
            Assert.Equal(item.Integers("ids"), Tokenizer.Encode(item.Text("text"), 1000));
        }
    }

    // Published with GPT-2 and CLIP: a space, byte 32, is Ġ; byte 0 is Ā; the soft hyphen, byte 173, is Ń.
    [Fact]
    public void Bytes_have_their_published_characters()
    {
        Assert.Equal(("Ġ", "Ā", "Ń", "!"), ($"{BytePairs.Characters[32]}", $"{BytePairs.Characters[0]}", $"{BytePairs.Characters[173]}", $"{BytePairs.Characters[33]}"));
        Assert.Equal(256, BytePairs.Characters.Distinct().Count());
    }

    [Fact]
    public void Merges_are_taken_in_their_order_and_not_from_the_left()
    {
        var pairs = new BytePairs([("b", "c"), ("a", "b"), ("a", "bc"), ("d", "d"), ("dd", "d")]);
        Assert.Equal(["abc", "d</w>"], pairs.Split("abcd"));
        Assert.Equal(["dd", "d", "x</w>"], new BytePairs([("d", "d")]).Split("dddx"));
        Assert.Equal(["ddd", "x</w>"], pairs.Split("dddx"));
        Assert.Empty(pairs.Split(""));
    }

    [Fact]
    public void Seventy_seven_tokens_hold_the_end()
    {
        var ids = Tokenizer.Encode(new string('!', 10_000) + " petal");
        Assert.Equal(77, ids.Length);
        Assert.Equal(Tokenizer.EndId, ids[^1]);
    }

    [Fact]
    public void Filling_up_takes_the_end_token_or_zero()
    {
        var end = Tokenizer.EndId;
        using var stable = TokenBatch.Of(Tokenizer, ["1"], maxLength: 5, fixedLength: true);
        Assert.Equal([end - 1, 256 + 16, end, end, end], stable.Ids.data<long>().ToArray());
        Assert.Equal([true, true, true, false, false], stable.Mask.data<bool>().ToArray());
        using var original = TokenBatch.Of(ClipTokenizer.Load(Vocab, Merges, padId: 0), ["1"], maxLength: 5, fixedLength: true);
        Assert.Equal([end - 1, 256 + 16, end, 0, 0], original.Ids.data<long>().ToArray());
    }

    [Theory]
    [InlineData("a photo of twelve petals")]
    [InlineData("hoa hồng đỏ 🌸 中国")]
    public void Decoding_gives_the_words_back(string text) => Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text)));

    [Fact]
    public void Bad_files_are_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder["file"];
        string Message(string vocabulary, string merges) => Assert.Throws<CourseException>(() => ClipTokenizer.Load(vocabulary, merges)).Message;
        Assert.Contains("cannot be read", Message(path, Merges));
        Assert.Contains("is not a vocab.json", Message(Merges, Merges));
        File.WriteAllText(path, "{\"a\": 0, \"b\": 2}");
        Assert.Contains("leaves out or repeats an id between 0 and 1", Message(path, Merges));
        File.WriteAllText(path, "[1, 2]");
        Assert.Contains("is not a vocab.json", Message(path, Merges));
        File.WriteAllText(path, "{\"a\": 0, \"b\": 1}");
        Assert.Contains("has no <|startoftext|>", Message(path, Merges));
        File.WriteAllText(path, "#version: 0.2\na b c\n");
        Assert.Contains("have the line 'a b c'", Message(Vocab, path));
        File.WriteAllText(path, "q q</w>\n");
        Assert.Contains("has no qq</w>", Message(Vocab, path));
    }
}

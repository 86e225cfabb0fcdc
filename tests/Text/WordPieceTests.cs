using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;

namespace ImageGen.Tests;

public sealed class WordPieceTests
{
    private static readonly JsonElement Reference = TextFixtures.Json("wordpiece.json");
    private static readonly Vocabulary Known = new(Reference.Texts("vocabulary"));
    private static readonly WordPieceTokenizer Tokenizer = new(Known);

    [Fact]
    public void Pieces_and_ids_equal_the_reference_on_hard_texts()
    {
        foreach (var item in Reference.GetProperty("cases").EnumerateArray())
        {
            Assert.Equal(item.Texts("tokens"), Tokenizer.Tokenize(item.Text("text")));
            Assert.Equal(item.Integers("ids"), Tokenizer.Encode(item.Text("text")));
        }
    }

    [Fact]
    public void Words_equal_the_reference_for_every_assigned_character()
    {
        var assigned = TextFixtures.Json("canonical-forms.json").GetProperty("assigned").EnumerateArray()
            .Select(range => (First: range[0].GetInt32(), Last: range[1].GetInt32())).ToList();
        var wrong = new List<string>();
        foreach (var block in Reference.GetProperty("blocks").EnumerateArray())
        {
            var start = block.GetProperty("block").GetInt32() * 4096;
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var (first, last) in assigned)
                for (var code = Math.Max(first, start); code <= Math.Min(last, start + 4095); code++)
                    sha.AppendData(Encoding.UTF8.GetBytes(string.Join('|', BasicTokenizer.Split($"a{char.ConvertFromUtf32(code)}b")) + "\n"));
            if (Convert.ToHexStringLower(sha.GetHashAndReset())[..16] != block.Text("words")) wrong.Add($"U+{start:X4}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_vocabulary_learned_from_captions_equals_the_reference()
    {
        var captions = Reference.Texts("captions");
        var alphabets = new[] { "", WordPieceTrainer.Alphabet, "", "xyz" };
        foreach (var (learned, alphabet) in Reference.GetProperty("learned").EnumerateArray().Zip(alphabets))
        {
            var vocabulary = WordPieceTrainer.Learn(captions, learned.GetProperty("size").GetInt32(), learned.GetProperty("least").GetInt32(), alphabet);
            Assert.Equal(learned.Texts("vocabulary"), vocabulary.Tokens);
        }
    }

    [Fact]
    public void The_order_of_the_texts_does_not_change_the_vocabulary()
    {
        var captions = Reference.Texts("captions");
        Assert.Equal(WordPieceTrainer.Learn(captions, 150).Tokens, WordPieceTrainer.Learn(captions.Reverse(), 150).Tokens);
    }

    [Fact]
    public void A_word_that_no_caption_had_can_be_spelled()
    {
        var tokenizer = new WordPieceTokenizer(WordPieceTrainer.Learn(["red petals"], 100));
        Assert.DoesNotContain(WordPieceTokenizer.Unknown, tokenizer.Tokenize("Quixotic zebras 42"));
        Assert.Equal("quixotic zebras 42", tokenizer.Decode(tokenizer.Encode("Quixotic zebras 42")));
    }

    [Fact]
    public void A_long_text_loses_its_tail_and_keeps_its_end()
    {
        var ids = Tokenizer.Encode(new string('!', 10_000));
        Assert.Equal(512, ids.Length);
        Assert.Equal((Known.Require("[CLS]"), Known.Require("[SEP]")), (ids[0], ids[^1]));
        Assert.Equal([ids[0], Known.Require("!"), ids[^1]], Tokenizer.Encode("!!!!", maxLength: 3));
        Assert.Contains("maxLength is 1", Assert.Throws<CourseException>(() => Tokenizer.Encode("a", 1)).Message);
    }

    [Fact]
    public void A_batch_is_filled_up_and_masked()
    {
        using var batch = TokenBatch.Of(Tokenizer, ["a b c", "", "a"], maxLength: 4);
        var (cls, sep, a, b) = (Known.Require("[CLS]"), Known.Require("[SEP]"), Known.Require("a"), Known.Require("b"));
        Assert.Equal([3L, 4L], batch.Ids.shape);
        Assert.Equal([cls, a, b, sep, cls, sep, 0, 0, cls, a, sep, 0], batch.Ids.data<long>().ToArray());
        Assert.Equal([true, true, true, true, true, true, false, false, true, true, true, false], batch.Mask.data<bool>().ToArray());
        using var wide = TokenBatch.Of(Tokenizer, ["a"], maxLength: 9, fixedLength: true);
        Assert.Equal([1L, 9L], wide.Ids.shape);
        Assert.Throws<CourseException>(() => TokenBatch.Of(Tokenizer, [], 9));
    }

    [Fact]
    public void A_vocabulary_is_saved_and_read_alike()
    {
        using var folder = new TemporaryFolder();
        var path = folder["file"];
        Known.Save(path);
        Assert.Equal(Known.Tokens, Vocabulary.Load(path).Tokens);
        File.WriteAllText(path, File.ReadAllText(path).Replace("\n", "\r\n"));
        Assert.Equal(Known.Tokens, Vocabulary.Load(path).Tokens);
    }

    [Fact]
    public void Bad_vocabularies_are_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder["file"];
        Assert.Contains("cannot be read", Assert.Throws<CourseException>(() => Vocabulary.Load(path)).Message);
        File.WriteAllText(path, "");
        Assert.Contains("is empty", Assert.Throws<CourseException>(() => Vocabulary.Load(path)).Message);
        File.WriteAllBytes(path, [0x50, 0x4B, 3, 4, 0xFF, 0xFE]);
        Assert.Contains("is not UTF-8 text", Assert.Throws<CourseException>(() => Vocabulary.Load(path)).Message);
        File.WriteAllText(path, "a\nb\na\n");
        Assert.Equal("The vocabulary has 'a' twice, as 0 and as 2: each piece needs one id.", Assert.Throws<CourseException>(() => Vocabulary.Load(path)).Message);
        Assert.Contains("has no [PAD]", Assert.Throws<CourseException>(() => new WordPieceTokenizer(new(["a"]))).Message);
        Assert.Equal("Token 7 does not exist: this vocabulary has ids 0 to 1.", Assert.Throws<CourseException>(() => new Vocabulary(["a", "b"])[7]).Message);
    }
}

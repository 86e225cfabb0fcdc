using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class MaskedTokensTests
{
    private const int Words = 95, Length = 40, Rows = 1000;
    private static readonly WordPieceTokenizer Tokenizer =
        new(new Vocabulary([.. WordPieceTokenizer.Special, .. Enumerable.Range(0, Words).Select(i => $"w{i}")]));

    private static List<int[]> Texts(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows).Select(_ => (int[])[2, .. Enumerable.Range(0, Length).Select(_ => 5 + random.Next(Words)), 3])];
    }

    // 40 words: 6 hidden in each text, exactly. Of 6,000: 80% masked, 10% random (of which 1 in 95 by chance the same),
    // 10% the same; five standard deviations are ±155 and ±116.
    [Fact]
    public void Shares_are_the_published_ones()
    {
        using var scope = NewDisposeScope();
        var texts = Texts(1);
        var batch = new MaskedTokens(Tokenizer, 2).Next(texts);
        Assert.True(batch.Hidden.sum(1).eq(6).all().item<bool>());
        var (shown, answers) = (batch.Tokens.Ids[batch.Hidden], batch.Answers);
        Assert.InRange(shown.eq(Tokenizer.MaskId).sum().item<long>(), 4800 - 155, 4800 + 155);
        Assert.InRange(shown.eq(answers).sum().item<long>(), 606 - 116, 606 + 116);
        Assert.InRange(shown.ne(answers).logical_and(shown.ne(Tokenizer.MaskId)).sum().item<long>(), 594 - 116, 594 + 116);
        // The random ones come from all ordinary words, and never from the special tokens.
        Assert.True(shown.ge(4).all().item<bool>());
    }

    [Fact]
    public void What_is_not_asked_is_left_alone()
    {
        using var scope = NewDisposeScope();
        var texts = Texts(1);
        var batch = new MaskedTokens(Tokenizer, 2).Next(texts);
        var truth = tensor(texts.SelectMany(ids => ids).Select(id => (long)id).ToArray(), [Rows, Length + 2]);
        var open = batch.Hidden.logical_not();
        Assert.True(batch.Tokens.Ids[open].equal(truth[open]).all().item<bool>());
        Assert.True(truth[batch.Hidden].equal(batch.Answers).all().item<bool>());
        Assert.False(batch.Hidden[.., 0].any().item<bool>() || batch.Hidden[.., -1].any().item<bool>());
    }

    [Fact]
    public void A_seed_gives_the_same_exercise()
    {
        using var scope = NewDisposeScope();
        var (a, b, c) = (new MaskedTokens(Tokenizer, 2).Next(Texts(1)), new MaskedTokens(Tokenizer, 2).Next(Texts(1)), new MaskedTokens(Tokenizer, 3).Next(Texts(1)));
        Assert.Equal(a.Tokens.Ids.data<long>().ToArray(), b.Tokens.Ids.data<long>().ToArray());
        Assert.NotEqual(a.Tokens.Ids.data<long>().ToArray(), c.Tokens.Ids.data<long>().ToArray());
    }

    [Fact]
    public void One_word_is_hidden_where_there_is_but_one_and_none_where_there_is_none()
    {
        using var scope = NewDisposeScope();
        var batch = new MaskedTokens(Tokenizer, 2).Next([[2, 9, 3], [2, 3]]);
        Assert.Equal([false, true, false, false, false, false], batch.Hidden.data<bool>().ToArray());
        Assert.Equal([9L], batch.Answers.data<long>().ToArray());
        Assert.Contains("every text of the batch is empty", Assert.Throws<CourseException>(() => new MaskedTokens(Tokenizer, 2).Next([[2, 3]])).Message);
        Assert.Contains("share is 0", Assert.Throws<CourseException>(() => new MaskedTokens(Tokenizer, 2, share: 0)).Message);
    }

    [Fact]
    public void A_test_hides_them_all()
    {
        using var scope = NewDisposeScope();
        var batch = new MaskedTokens(Tokenizer, 2, share: 1, maskShare: 1).Next([[2, 9, 8, 3]]);
        Assert.Equal([2L, 4L, 4L, 3L], batch.Tokens.Ids.data<long>().ToArray());
    }
}

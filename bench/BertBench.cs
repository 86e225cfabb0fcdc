using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary><c>./course bench bert</c>: how near BERT comes to the machine's speed in matrix products, and whether memory stays.</summary>
internal static class BertBench
{
    private const int Texts = 32, Length = 64;

    public static IReadOnlyList<Measurement> Run() => [.. Base(), .. Tokenizing(), .. Memory()];

    /// <summary>bert-base, random weights, 32 texts of 64 tokens, against the roofline in the same process.</summary>
    private static IEnumerable<Measurement> Base()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var config = BertConfig.Base;
        var model = new BertEncoder(config);
        model.eval();
        var (ids, mask) = (randint(1, config.VocabularySize, [Texts, Length]), ones([Texts, Length], ScalarType.Bool));
        var (batch, product, _) = Paired.Time(() => Encode(model, ids, mask), Roofline.Run, rounds: 7);
        var work = Flops(config) / 1e9;
        yield return new($"BERT-base, {Texts} texts of {Length} tokens", batch, "s");
        yield return new("  its speed", work / batch, "GFLOP/s");
        yield return new(Roofline.Name, Roofline.Work / product, "GFLOP/s");
        yield return new("BERT-base against the roofline", work / batch / (Roofline.Work / product), AtLeast: 0.8);
    }

    private static void Encode(BertEncoder model, Tensor ids, Tensor mask)
    {
        using var scope = NewDisposeScope();
        model.call(ids, mask);
    }

    // Two operations for each weight and token, and the products of queries with keys and of attention with values.
    private static double Flops(BertConfig config)
    {
        double width = config.Width, tokens = Texts * Length;
        var weights = 4 * width * width + 2 * width * config.FeedForward;
        return config.Layers * tokens * (2 * weights + 2 * 2 * Length * width);
    }

    private static IEnumerable<Measurement> Tokenizing()
    {
        using var text = BertText.Mini();
        const string Caption = "a small white daisy-like flower with a dozen long petals around a golden heart, on dark soil";
        var seconds = Paired.Seconds(() =>
        {
            for (var i = 0; i < 2000; i++) text.Tokenizer.Encode(Caption);
        });
        yield return new("captions tokenized", 2000 / seconds, "a second");
    }

    private static IEnumerable<Measurement> Memory()
    {
        using var text = BertText.Mini();
        string[] captions = [.. Enumerable.Range(0, 32).Select(i => $"a red flower with {i} petals")];
        text.Embed(captions).Dispose();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 100; i++) text.Embed(captions).Dispose();
        yield return new("100 batches embedded: live tensors more", DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, AtMost: 0);
    }
}

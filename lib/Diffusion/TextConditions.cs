using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Texts as a U-Net attends to them.</summary>
/// <param name="Sequence">A vector for each token, <c>[B, T, W]</c>.</param>
/// <param name="Mask">
/// True where a vector is a token's, <c>[B, T]</c> bool; null where every place counts, as with CLIP.
/// </param>
public sealed record TextConditions(Tensor Sequence, Tensor? Mask) : IDisposable
{
    /// <summary>Both one after the other, the shorter filled up: what guidance asks about in one batch.</summary>
    public TextConditions Then(TextConditions other)
    {
        using var scope = NewDisposeScope();
        var length = Math.Max(Sequence.shape[1], other.Sequence.shape[1]);
        if (Mask is null && other.Mask is null && Sequence.shape[1] == other.Sequence.shape[1])
            return new(cat([Sequence, other.Sequence], 0).MoveToOuterDisposeScope(), null);
        var (mine, others) = (FilledTo(length), other.FilledTo(length));
        return new(
            cat([mine.Sequence, others.Sequence], 0).MoveToOuterDisposeScope(),
            cat([mine.Mask!, others.Mask!], 0).MoveToOuterDisposeScope());
    }

    /// <summary>Some of the texts.</summary>
    /// <param name="rows">Which, <c>[N]</c> int64.</param>
    public TextConditions At(Tensor rows) => new(Sequence.index_select(0, rows), Mask?.index_select(0, rows));

    /// <summary>The same, as numbers of a type and at a place.</summary>
    public TextConditions To(ScalarType type, Device device) => new(Sequence.to(type, device), Mask?.to(device));

    /// <inheritdoc/>
    public void Dispose()
    {
        Sequence.Dispose();
        Mask?.Dispose();
    }

    private TextConditions FilledTo(long length)
    {
        var more = length - Sequence.shape[1];
        var mask = Mask ?? ones([Sequence.shape[0], Sequence.shape[1]], ScalarType.Bool, Sequence.device);
        if (more == 0) return new(Sequence, mask);
        return new(
            nn.functional.pad(Sequence, [0, 0, 0, more]),
            cat([mask, zeros([Sequence.shape[0], more], ScalarType.Bool, mask.device)], 1));
    }
}

/// <summary>What turns texts into conditions: MiniBERT, BERT or CLIP's text tower.</summary>
public interface ITextConditioner
{
    /// <summary>Numbers in a token's vector.</summary>
    int Width { get; }

    /// <summary>The most tokens a text may have; longer ones lose their tail.</summary>
    int MaxTokens { get; }

    /// <summary>The tokenizer, which knows where a text is cut.</summary>
    ITextTokenizer Tokenizer { get; }

    /// <summary>Every id of a text, however many, beginning and end included.</summary>
    IReadOnlyList<int> Tokens(string text) => Tokenizer.Encode(text, 100_000);

    /// <summary>
    /// Encodes texts; an empty one stands for no text. No gradients. The tensors belong to the caller's dispose scope.
    /// </summary>
    TextConditions Encode(IReadOnlyList<string> texts);
}

/// <summary>Texts that are longer than their encoder's context.</summary>
public static class PromptLength
{
    /// <summary>For a text that is too long, one line that shows where it is cut; null for one that fits.</summary>
    public static string? Warning(this ITextConditioner conditioner, string text)
    {
        int[] ids = [.. conditioner.Tokens(text)];
        if (ids.Length <= conditioner.MaxTokens) return null;
        // Beginning and end stand around the text's own tokens: of those, two fewer fit.
        var lost = conditioner.Tokenizer.Decode(ids[(conditioner.MaxTokens - 1)..]);
        var read = conditioner.Tokenizer.Decode(ids[..(conditioner.MaxTokens - 1)]);
        return $"The prompt has {ids.Length} tokens and the text encoder reads {conditioner.MaxTokens}: it is cut "
            + $"after '…{Tail(read)}', and '{Head(lost)}' is not read.";
    }

    private static string Tail(string text) => text.Length <= 30 ? text : text[^30..];

    private static string Head(string text) => text.Length <= 60 ? text : text[..60] + "…";
}

/// <summary>MiniBERT's or BERT's vectors.</summary>
/// <param name="text">The model with its vocabulary; disposed with this object.</param>
/// <param name="maxTokens">The most tokens a text may have; as many as the model has positions when null.</param>
public sealed class BertConditioner(BertText text, int? maxTokens = null) : ITextConditioner, IDisposable
{
    /// <summary>The model with its vocabulary.</summary>
    public BertText Bert => text;

    /// <inheritdoc/>
    public int Width => text.Width;

    /// <inheritdoc/>
    public int MaxTokens { get; } = maxTokens ?? text.Model.Encoder.Config.Positions;

    /// <inheritdoc/>
    public ITextTokenizer Tokenizer => text.Tokenizer;

    /// <inheritdoc/>
    public TextConditions Encode(IReadOnlyList<string> texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = TokenBatch.Of(text.Tokenizer, texts, MaxTokens, device: text.Model.Encoder.WordVectors.device);
        var output = text.Model.Encoder.call(batch.Ids, batch.Mask);
        return new(output.Sequence.MoveToOuterDisposeScope(), batch.Mask.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => text.Dispose();
}

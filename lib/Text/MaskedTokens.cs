using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>A batch with words hidden, and what they were.</summary>
/// <param name="Tokens">The ids as the model sees them, and their mask.</param>
/// <param name="Hidden">True where the model is asked, <c>[B, T]</c> bool.</param>
/// <param name="Answers">The true ids at those places, row by row, <c>[N]</c> int64.</param>
public sealed record MaskedBatch(TokenBatch Tokens, Tensor Hidden, Tensor Answers) : IDisposable
{
    public void Dispose()
    {
        Tokens.Dispose();
        Hidden.Dispose();
        Answers.Dispose();
    }
}

/// <summary>
/// Makes the exercise BERT learns from (Devlin and others, arXiv 1810.04805): of each text 15% of the tokens, at least
/// one, are asked for. 80% of them are replaced by <c>[MASK]</c>, 10% by a random token and 10% are left as they are: so
/// the model cannot trust any token it sees, and must know its neighbors.
/// </summary>
public sealed class MaskedTokens
{
    private readonly WordPieceTokenizer tokenizer;
    private readonly Random random;
    private readonly int[] ordinary;
    private readonly double share, maskShare;

    /// <summary>Prepares exercises; the same seed gives the same ones.</summary>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <param name="share">The share of tokens asked for, above 0 and up to 1.</param>
    /// <param name="maskShare">The share of those that become <c>[MASK]</c>; the rest is halved between random and unchanged. 1 hides them all, as a test does.</param>
    /// <exception cref="CourseException">A share is out of range, or the vocabulary has special tokens only.</exception>
    public MaskedTokens(WordPieceTokenizer tokenizer, int seed, double share = 0.15, double maskShare = 0.8)
    {
        if (share is not (> 0 and <= 1)) throw new CourseException($"share is {share}: it must be above 0 and at most 1.");
        if (maskShare is not (>= 0 and <= 1)) throw new CourseException($"maskShare is {maskShare}: it must be from 0 to 1.");
        (this.tokenizer, this.share, this.maskShare) = (tokenizer, share, maskShare);
        random = new(seed);
        ordinary = [.. Enumerable.Range(0, tokenizer.Vocabulary.Count).Where(id => !tokenizer.IsSpecial(id))];
        if (ordinary.Length == 0) throw new CourseException("The vocabulary has special tokens only: there is nothing to hide.");
    }

    /// <summary>Hides tokens in the next batch.</summary>
    /// <param name="texts">Encoded texts; at least one of them has a token that is not special.</param>
    /// <param name="device">Where the tensors go; the CPU when not given.</param>
    /// <exception cref="CourseException">All texts are empty.</exception>
    public MaskedBatch Next(IReadOnlyList<int[]> texts, Device? device = null)
    {
        var length = texts.Max(ids => ids.Length);
        var shown = texts.Select(ids => (int[])ids.Clone()).ToList();
        var hidden = new bool[texts.Count * length];
        for (var row = 0; row < texts.Count; row++)
        {
            int[] places = [.. Enumerable.Range(0, texts[row].Length).Where(at => !tokenizer.IsSpecial(texts[row][at]))];
            random.Shuffle(places);
            var count = Math.Min(places.Length, Math.Max(1, (int)Math.Round(places.Length * share)));
            foreach (var at in places.Take(count))
            {
                hidden[row * length + at] = true;
                shown[row][at] = Shown(texts[row][at]);
            }
        }
        if (!hidden.Contains(true)) throw new CourseException("There is no word to hide: every text of the batch is empty.");
        var answers = Enumerable.Range(0, hidden.Length).Where(at => hidden[at]).Select(at => (long)texts[at / length][at % length]).ToArray();
        return new(TokenBatch.Of(shown, tokenizer.PadId, length, device), tensor(hidden, [texts.Count, length], device: device), tensor(answers, device: device));
    }

    private int Shown(int id)
    {
        var generator = random.NextDouble();
        return generator < maskShare ? tokenizer.MaskId
            : generator < maskShare + (1 - maskShare) / 2 ? ordinary[random.Next(ordinary.Length)]
            : id;
    }
}

using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>
/// The simplest text encoder: a vector of zeros and ones, one place for each known word and one for each known pair of
/// neighbors. Without the pairs, "yellow petals around a white heart" and "white petals around a yellow heart" would be
/// the same bag.
/// </summary>
/// <remarks>Nothing in it knows that scarlet is a red: a word that it has not learned is nothing to it.</remarks>
public sealed class BagOfWords : ICaptionEncoder
{
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);

    /// <summary>A bag of known terms.</summary>
    /// <param name="terms">Words, and pairs of words with a space between; each once.</param>
    /// <exception cref="CourseException">There is none, or one stands twice.</exception>
    public BagOfWords(IReadOnlyList<string> terms)
    {
        if (terms.Count == 0) throw new CourseException("A bag of words needs at least one word.");
        Terms = terms;
        for (var i = 0; i < terms.Count; i++)
            if (!places.TryAdd(terms[i], i)) throw new CourseException($"The bag of words has '{terms[i]}' twice: each term may stand once.");
    }

    /// <inheritdoc/>
    public string Name => "bag of words";

    /// <inheritdoc/>
    public int Width => Terms.Count;

    /// <summary>What each place of a vector stands for.</summary>
    public IReadOnlyList<string> Terms { get; }

    /// <summary>Learns the words and pairs of some captions.</summary>
    /// <param name="captions">What to learn from; their order does not matter.</param>
    /// <param name="leastCount">How often a term must stand there to get a place.</param>
    /// <exception cref="CourseException">No term stands there so often.</exception>
    public static BagOfWords Learn(IEnumerable<string> captions, int leastCount = 2) =>
        new([.. captions.SelectMany(TermsOf).CountBy(term => term, StringComparer.Ordinal)
            .Where(term => term.Value >= leastCount).Select(term => term.Key)
            .OrderBy(term => term.Contains(' ')).ThenBy(term => term, StringComparer.Ordinal)]);

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<string> captions)
    {
        var values = new float[captions.Count * Width];
        for (var i = 0; i < captions.Count; i++)
            foreach (var term in TermsOf(captions[i]))
                if (places.TryGetValue(term, out var place)) values[i * Width + place] = 1;
        using var scope = NewDisposeScope();
        return tensor(values, [captions.Count, Width]).to(Compute.Device).MoveToOuterDisposeScope();
    }

    /// <summary>The words of a caption without its punctuation, then its pairs of neighbors.</summary>
    internal static IEnumerable<string> TermsOf(string caption)
    {
        string[] words = [.. BasicTokenizer.Split(caption).Where(word => char.IsLetterOrDigit(word, 0))];
        return words.Concat(words.Zip(words.Skip(1), (first, second) => $"{first} {second}"));
    }
}

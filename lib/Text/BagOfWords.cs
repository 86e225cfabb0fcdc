using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>
/// The oldest way from a sentence to numbers: one place for each word, and in it how often the word occurs. It knows no
/// order, and a word that it has not met is as good as none.
/// </summary>
public sealed class BagOfWords
{
    private readonly Vocabulary vocabulary;

    private BagOfWords(Vocabulary vocabulary) => this.vocabulary = vocabulary;

    /// <summary>Takes up every word of the captions, in alphabetical order; words are split as BERT splits them.</summary>
    /// <exception cref="CourseException">No caption has a word.</exception>
    public static BagOfWords Learn(IEnumerable<string> captions)
    {
        var words = captions.SelectMany(BasicTokenizer.Split).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return words.Count > 0 ? new(new(words)) : throw new CourseException("There is no caption with a word to learn from.");
    }

    /// <summary>The words it knows, in the order of their places.</summary>
    public IReadOnlyList<string> Words => vocabulary.Tokens;

    /// <summary>Numbers in a sentence's vector.</summary>
    public int Width => vocabulary.Count;

    /// <summary>One vector a text, <c>[N, Width]</c>: how often each known word occurs.</summary>
    /// <exception cref="CourseException">There is no text.</exception>
    public Tensor Embed(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) throw new CourseException("There is no text to embed.");
        var counts = new float[texts.Count * Width];
        for (var row = 0; row < texts.Count; row++)
            foreach (var word in BasicTokenizer.Split(texts[row]))
                if (vocabulary.Spans.TryGetValue(word, out var place)) counts[row * Width + place]++;
        return tensor(counts, [texts.Count, Width], device: Compute.Device);
    }
}

using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>
/// Learns a WordPiece vocabulary from texts: it begins with single letters and joins, again and again, the two
/// neighbors that stand together most often (byte-pair encoding, Sennrich and others, arXiv 1508.07909, with BERT's
/// <c>##</c>; Hugging Face's trainer does the same).
/// </summary>
public static class WordPieceTrainer
{
    /// <summary>Letters and digits that every vocabulary gets, so that a word no caption had can still be spelled.</summary>
    public const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>Learns a vocabulary: the special tokens, then letters in order, then pieces in the order of their making.</summary>
    /// <param name="texts">What to learn from; the same texts in any order give the same vocabulary.</param>
    /// <param name="size">The most tokens to have. Where letters alone are more, all letters stay.</param>
    /// <param name="leastCount">How often two neighbors must stand together to be joined.</param>
    /// <param name="alphabet">Letters to have in any case, both as <c>a</c> and as <c>##a</c>.</param>
    /// <exception cref="CourseException">An option is out of range.</exception>
    public static Vocabulary Learn(IEnumerable<string> texts, int size, int leastCount = 2, string alphabet = Alphabet)
    {
        if (size <= WordPieceTokenizer.Special.Count) throw new CourseException($"size is {size}: a vocabulary needs more than its {WordPieceTokenizer.Special.Count} special tokens.");
        if (leastCount < 1) throw new CourseException($"leastCount is {leastCount}: it must be at least 1.");

        var words = texts.SelectMany(caption => BasicTokenizer.Split(caption)).CountBy(word => word, StringComparer.Ordinal)
            .Select(word => new Word(Letters(word.Key), word.Value)).ToList();
        var letters = words.SelectMany(word => word.Pieces).Concat(alphabet.SelectMany(letter => new[] { $"{letter}", $"##{letter}" }));
        List<string> tokens = [.. WordPieceTokenizer.Special, .. letters.Distinct().Order(StringComparer.Ordinal)];
        var known = tokens.ToHashSet(StringComparer.Ordinal);

        while (tokens.Count < size && MostFrequent(words) is { } pair && pair.Count >= leastCount)
        {
            var whole = pair.Left + pair.Right[2..];
            if (known.Add(whole)) tokens.Add(whole);
            foreach (var word in words) word.Join(pair.Left, pair.Right, whole);
        }
        return new(tokens);
    }

    private static (string Left, string Right, int Count)? MostFrequent(List<Word> words)
    {
        var counts = new Dictionary<(string Left, string Right), int>();
        foreach (var word in words)
            for (var i = 1; i < word.Pieces.Count; i++)
            {
                var pair = (word.Pieces[i - 1], word.Pieces[i]);
                counts[pair] = counts.GetValueOrDefault(pair) + word.Count;
            }
        // Among equals the first in order, so that the result does not hang on the order of the texts.
        (string Left, string Right, int Count)? best = null;
        foreach (var ((left, right), count) in counts)
            if (best is not { } b || count > b.Count || count == b.Count && Compare(left, right, b.Left, b.Right) < 0)
                best = (left, right, count);
        return best;
    }

    private static int Compare(string left, string right, string otherLeft, string otherRight) =>
        string.CompareOrdinal(left, otherLeft) is var order and not 0 ? order : string.CompareOrdinal(right, otherRight);

    private static List<string> Letters(string word) =>
        [.. word.EnumerateRunes().Select((letter, i) => i == 0 ? letter.ToString() : "##" + letter)];

    private sealed record Word(List<string> Pieces, int Count)
    {
        internal void Join(string left, string right, string whole)
        {
            for (var i = 0; i + 1 < Pieces.Count; i++)
            {
                if (Pieces[i] != left || Pieces[i + 1] != right) continue;
                Pieces[i] = whole;
                Pieces.RemoveAt(i + 1);
            }
        }
    }
}

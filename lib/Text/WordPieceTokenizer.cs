using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>
/// BERT's tokenizer: words, then the longest pieces of them that the vocabulary has. A piece that continues a word
/// starts with <c>##</c>: "unaffable" is <c>un</c> <c>##aff</c> <c>##able</c> (Devlin and others, arXiv 1810.04805).
/// </summary>
public sealed class WordPieceTokenizer : ITextTokenizer
{
    /// <summary>Stands for a word that the vocabulary cannot spell.</summary>
    public const string Unknown = "[UNK]";

    /// <summary>Begins every text; its last vector is meant to stand for the whole.</summary>
    public const string Start = "[CLS]";

    /// <summary>Ends every text.</summary>
    public const string End = "[SEP]";

    /// <summary>Fills short texts up to the length of the longest.</summary>
    public const string Padding = "[PAD]";

    /// <summary>Stands where a word is hidden, for the model to guess.</summary>
    public const string Mask = "[MASK]";

    /// <summary>The five, in the order in which a vocabulary learned here begins with them.</summary>
    public static IReadOnlyList<string> Special { get; } = [Padding, Unknown, Start, End, Mask];

    // A longer word is unknown without a look; the limit counts characters, not UTF-16 code units.
    private const int LongestWord = 100;

    private readonly int start, end;
    private readonly HashSet<int> special;

    /// <summary>Makes the tokenizer of a vocabulary.</summary>
    /// <param name="vocabulary">The pieces.</param>
    /// <param name="cased">Whether capitals and accents stay; when null, they do where the vocabulary has capitals.</param>
    /// <exception cref="CourseException">The vocabulary lacks one of the five special tokens.</exception>
    public WordPieceTokenizer(Vocabulary vocabulary, bool? cased = null)
    {
        Vocabulary = vocabulary;
        Cased = cased ?? vocabulary.Tokens.Any(token => !token.StartsWith('[') && token.Any(char.IsAsciiLetterUpper));
        special = [.. Special.Select(vocabulary.Require)];
        (PadId, MaskId, start, end) = (vocabulary.Require(Padding), vocabulary.Require(Mask), vocabulary.Require(Start), vocabulary.Require(End));
    }

    public Vocabulary Vocabulary { get; }

    /// <summary>Whether capitals and accents stay, as in bert-base-cased.</summary>
    public bool Cased { get; }

    public int PadId { get; }

    /// <summary>The id of <c>[MASK]</c>.</summary>
    public int MaskId { get; }

    /// <summary>Whether an id is one of the five special tokens'.</summary>
    public bool IsSpecial(int id) => special.Contains(id);

    /// <summary>
    /// The pieces of a text, without <c>[CLS]</c> and <c>[SEP]</c>. A special token written out in the text stands for
    /// itself: "a [MASK] flower" hides one word.
    /// </summary>
    public IReadOnlyList<string> Tokenize(string text)
    {
        var pieces = new List<string>();
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var (at, token) = FirstSpecial(rest);
            foreach (var word in BasicTokenizer.Split(rest[..at].ToString(), Cased)) AddPieces(word, pieces);
            if (token.Length > 0) pieces.Add(token);
            rest = rest[(at + token.Length)..];
        }
        return pieces;
    }

    /// <inheritdoc/>
    public int[] Encode(string text, int maxLength = 512)
    {
        if (maxLength < 2) throw new CourseException($"maxLength is {maxLength}: [CLS] and [SEP] alone need 2.");
        return [start, .. Tokenize(text).Take(maxLength - 2).Select(Vocabulary.Require), end];
    }

    /// <summary>The ids of two texts as one row: <c>[CLS] first [SEP] second [SEP]</c>.</summary>
    /// <param name="first">Any text.</param>
    /// <param name="second">Any text.</param>
    /// <param name="maxLength">The most ids: of the longer text, of equal ones the second, the tail is lost first.</param>
    /// <returns>The ids, and how many of them belong to the first text.</returns>
    /// <exception cref="CourseException"><paramref name="maxLength"/> leaves no room.</exception>
    public (int[] Ids, int First) Encode(string first, string second, int maxLength = 512)
    {
        if (maxLength < 3) throw new CourseException($"maxLength is {maxLength}: [CLS] and two [SEP] alone need 3.");
        int[] a = [.. Tokenize(first).Select(Vocabulary.Require)], b = [.. Tokenize(second).Select(Vocabulary.Require)];
        var (lengthA, lengthB) = (a.Length, b.Length);
        while (lengthA + lengthB > maxLength - 3)
            if (lengthA > lengthB) lengthA--;
            else lengthB--;
        return ([start, .. a[..lengthA], end, .. b[..lengthB], end], lengthA + 2);
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<int> ids)
    {
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            var piece = Vocabulary[id];
            if (piece is Padding or Start or End) continue;
            if (piece.StartsWith("##", StringComparison.Ordinal)) text.Append(piece, 2, piece.Length - 2);
            else text.Append(text.Length > 0 ? " " : "").Append(piece);
        }
        return text.ToString();
    }

    // Longest match first, from the left; a word that cannot be spelled to its end is unknown as a whole.
    private void AddPieces(string word, List<string> pieces)
    {
        var known = pieces.Count;
        if (word.EnumerateRunes().Count() > LongestWord)
        {
            pieces.Add(Unknown);
            return;
        }
        Span<char> candidate = stackalloc char[2 + word.Length];
        "##".CopyTo(candidate);
        word.CopyTo(candidate[2..]);
        var vocabulary = Vocabulary.Spans;
        for (int from = 0, to; from < word.Length; from = to)
        {
            for (to = word.Length; to > from; to--)
            {
                // The candidate is the word's [from, to), with ## written over the two characters before it.
                var piece = from == 0 ? candidate[2..(2 + to)] : candidate[from..(2 + to)];
                if (!vocabulary.TryGetValue(piece, out var token, out _)) continue;
                pieces.Add(token);
                break;
            }
            if (to == from)
            {
                pieces.RemoveRange(known, pieces.Count - known);
                pieces.Add(Unknown);
                return;
            }
            "##".CopyTo(candidate[to..]);
        }
    }

    private static (int At, string Token) FirstSpecial(ReadOnlySpan<char> text)
    {
        var first = (At: text.Length, Token: "");
        foreach (var token in Special)
            if (text.IndexOf(token, StringComparison.Ordinal) is var at and >= 0 && at < first.At) first = (at, token);
        return first;
    }
}

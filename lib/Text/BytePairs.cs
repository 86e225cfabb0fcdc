using System.Text;

namespace ImageGen.Text;

/// <summary>
/// Byte-pair encoding (Sennrich and others, arXiv 1508.07909) over bytes (Radford and others, GPT-2): every text can be
/// spelled, for its UTF-8 bytes are the letters, and neighbors are joined in the order in which the merges were learned.
/// </summary>
/// <param name="merges">The pairs to join, first learned first.</param>
public sealed class BytePairs(IEnumerable<(string Left, string Right)> merges)
{
    /// <summary>Marks the piece that ends a word.</summary>
    public const string WordEnd = "</w>";

    private readonly Dictionary<(string Left, string Right), int> ranks = merges.Select((pair, rank) => (pair, rank)).ToDictionary(m => m.pair, m => m.rank);

    /// <summary>The pairs to join, first learned first.</summary>
    public IEnumerable<(string Left, string Right)> Merges => ranks.OrderBy(pair => pair.Value).Select(pair => pair.Key);

    /// <summary>
    /// The character that stands for each byte: itself where it can be seen, else one from U+0100 on. So a vocabulary is
    /// a text file without spaces and control characters.
    /// </summary>
    public static IReadOnlyList<char> Characters { get; } = MakeCharacters();

    /// <summary>The byte that each of those characters stands for.</summary>
    public static IReadOnlyDictionary<char, byte> Bytes { get; } = Characters.Select((character, value) => (character, value)).ToDictionary(c => c.character, c => (byte)c.value);

    /// <summary>The pieces of a word; the last one ends in <see cref="WordEnd"/>. An empty word has none.</summary>
    public IReadOnlyList<string> Split(string word)
    {
        var pieces = Encoding.UTF8.GetBytes(word).Select(value => Characters[value].ToString()).ToList();
        if (pieces.Count == 0) return [];
        pieces[^1] += WordEnd;
        while (First(pieces) is { } pair) Join(pieces, pair);
        return pieces;
    }

    /// <summary>Makes one piece of every such pair of neighbors, from the left.</summary>
    internal static void Join(List<string> pieces, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < pieces.Count; i++)
        {
            if (pieces[i] != pair.Left || pieces[i + 1] != pair.Right) continue;
            pieces[i] += pieces[i + 1];
            pieces.RemoveAt(i + 1);
        }
    }

    // The pair that was learned first, wherever in the word it stands.
    private (string Left, string Right)? First(List<string> pieces)
    {
        (string Left, string Right)? first = null;
        var best = int.MaxValue;
        for (var i = 1; i < pieces.Count; i++)
        {
            var pair = (pieces[i - 1], pieces[i]);
            if (ranks.TryGetValue(pair, out var rank) && rank < best) (first, best) = (pair, rank);
        }
        return first;
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        var moved = 0;
        for (var value = 0; value < 256; value++)
            characters[value] = value is >= '!' and <= '~' or >= '¡' and <= '¬' or >= '®' and <= 'ÿ' ? (char)value : (char)(256 + moved++);
        return characters;
    }
}

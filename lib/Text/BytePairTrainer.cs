namespace ImageGen.Text;

/// <summary>Learns the merges of <see cref="BytePairs"/> from texts, as CLIP's were learned from its captions (Sennrich and others, arXiv 1508.07909).</summary>
public static class BytePairTrainer
{
    /// <summary>A tokenizer like CLIP's with a vocabulary of its own: 512 letters, as many merges as asked for or found, begin and end.</summary>
    /// <param name="texts">What it is going to read.</param>
    /// <param name="merges">The most merges to learn; CLIP has 48,894.</param>
    public static ClipTokenizer Learn(IEnumerable<string> texts, int merges)
    {
        var learned = Merges(texts.SelectMany(ClipTokenizer.Words), merges);
        var letters = BytePairs.Characters.Select(character => character.ToString()).ToList();
        // The published order: visible bytes first, then those that stand for the others.
        letters.Sort((a, b) => (a[0] >= 256).CompareTo(b[0] >= 256) is var moved and not 0 ? moved : a[0].CompareTo(b[0]));
        return new(new([.. letters, .. letters.Select(letter => letter + BytePairs.WordEnd), .. learned.Select(pair => pair.Left + pair.Right), ClipTokenizer.Start, ClipTokenizer.End]), learned);
    }

    /// <summary>Again and again the most frequent pair of neighbors becomes one piece; of equals the first in the alphabet.</summary>
    internal static List<(string Left, string Right)> Merges(IEnumerable<string> words, int count)
    {
        var none = new BytePairs([]);
        var spelled = words.GroupBy(word => word).Select(same => (Pieces: none.Split(same.Key).ToList(), Count: same.Count())).ToList();
        var merges = new List<(string Left, string Right)>();
        while (merges.Count < count)
        {
            var counts = new Dictionary<(string Left, string Right), int>();
            foreach (var (pieces, times) in spelled)
                for (var i = 1; i < pieces.Count; i++)
                    counts[(pieces[i - 1], pieces[i])] = counts.GetValueOrDefault((pieces[i - 1], pieces[i])) + times;
            if (counts.Count == 0) break;
            var (best, _) = counts.Aggregate((first, second) => IsBefore(second, first) ? second : first);
            merges.Add(best);
            foreach (var (pieces, _) in spelled) BytePairs.Join(pieces, best);
        }
        return merges;
    }

    private static bool IsBefore(KeyValuePair<(string Left, string Right), int> a, KeyValuePair<(string Left, string Right), int> b)
    {
        if (a.Value != b.Value) return a.Value > b.Value;
        var left = string.CompareOrdinal(a.Key.Left, b.Key.Left);
        return left != 0 ? left < 0 : string.CompareOrdinal(a.Key.Right, b.Key.Right) < 0;
    }
}

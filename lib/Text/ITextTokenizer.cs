using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>Turns text into the numbers of a vocabulary, and back.</summary>
public interface ITextTokenizer
{
    /// <summary>The pieces and their ids.</summary>
    Vocabulary Vocabulary { get; }

    /// <summary>The id that fills short texts up to the length of the longest.</summary>
    int PadId { get; }

    /// <summary>The ids of a text, between the tokens that begin and end it.</summary>
    /// <param name="text">Any text; an empty one gives the beginning and the end alone.</param>
    /// <param name="maxLength">The most ids to give; a longer text loses its tail, never its end token.</param>
    /// <exception cref="CourseException"><paramref name="maxLength"/> leaves no room for beginning and end.</exception>
    int[] Encode(string text, int maxLength);

    /// <summary>The text that ids stand for, as far as they tell: without padding, beginning and end.</summary>
    /// <exception cref="CourseException">An id is not in the vocabulary.</exception>
    string Decode(IEnumerable<int> ids);
}

/// <summary>Several texts as one rectangle of ids.</summary>
/// <param name="Ids">The ids, <c>[B, T]</c> int64, short texts filled up at their end.</param>
/// <param name="Mask">True where an id belongs to its text, false where it fills up, <c>[B, T]</c> bool.</param>
public sealed record TokenBatch(Tensor Ids, Tensor Mask) : IDisposable
{
    /// <summary>For pairs of texts, 0 where a token is of the first and 1 where it is of the second, <c>[B, T]</c> int64; null for single texts.</summary>
    public Tensor? Segments { get; init; }

    /// <summary>Encodes pairs of texts, such as a question and a sentence that may answer it, and fills the short ones up.</summary>
    /// <param name="tokenizer">BERT's.</param>
    /// <param name="pairs">At least one.</param>
    /// <param name="maxLength">The most ids a pair may have: of the longer text the tail is lost first.</param>
    /// <param name="device">Where the tensors go; the CPU when not given.</param>
    /// <exception cref="CourseException">There is no pair.</exception>
    public static TokenBatch Of(WordPieceTokenizer tokenizer, IReadOnlyList<(string First, string Second)> pairs, int maxLength, Device? device = null)
    {
        if (pairs.Count == 0) throw new CourseException("A batch of pairs needs at least one pair.");
        var rows = pairs.Select(pair => tokenizer.Encode(pair.First, pair.Second, maxLength)).ToList();
        var batch = Of([.. rows.Select(row => row.Ids)], tokenizer.PadId, rows.Max(row => row.Ids.Length), device);
        var length = (int)batch.Ids.shape[1];
        var segments = new long[rows.Count * length];
        for (var i = 0; i < rows.Count; i++)
            for (var j = rows[i].First; j < rows[i].Ids.Length; j++) segments[i * length + j] = 1;
        return batch with { Segments = tensor(segments, [rows.Count, length], device: device) };
    }

    /// <summary>Encodes texts and fills the short ones up.</summary>
    /// <param name="tokenizer">Whose ids to use.</param>
    /// <param name="texts">At least one text.</param>
    /// <param name="maxLength">The most ids a text may have; longer texts lose their tail.</param>
    /// <param name="fixedLength">Fill up to <paramref name="maxLength"/> even where every text is shorter.</param>
    /// <param name="device">Where the two tensors go; the CPU when not given.</param>
    /// <exception cref="CourseException">There is no text.</exception>
    public static TokenBatch Of(
        ITextTokenizer tokenizer, IReadOnlyList<string> texts, int maxLength, bool fixedLength = false, Device? device = null)
    {
        if (texts.Count == 0) throw new CourseException("A batch of texts needs at least one text.");
        var rows = texts.Select(text => tokenizer.Encode(text, maxLength)).ToList();
        return Of(rows, tokenizer.PadId, fixedLength ? maxLength : rows.Max(row => row.Length), device);
    }

    /// <summary>Makes a batch of rows of ids, none longer than <paramref name="length"/>.</summary>
    internal static TokenBatch Of(IReadOnlyList<int[]> rows, int padId, int length, Device? device = null)
    {
        var ids = new long[rows.Count * length];
        var mask = new bool[ids.Length];
        Array.Fill(ids, padId);
        for (var i = 0; i < rows.Count; i++)
            for (var j = 0; j < rows[i].Length; j++)
                (ids[i * length + j], mask[i * length + j]) = (rows[i][j], true);
        return new(tensor(ids, [rows.Count, length], device: device), tensor(mask, [rows.Count, length], device: device));
    }

    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
        Segments?.Dispose();
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>
/// CLIP's tokenizer, which Stable Diffusion uses too (Radford and others, arXiv 2103.00020): lower case, words by the
/// pattern <c>'s|'t|'re|'ve|'m|'ll|'d|letters|one digit|anything else</c>, then <see cref="BytePairs"/>.
/// </summary>
/// <remarks>
/// .NET's regular expressions see UTF-16 and take a letter beyond U+FFFF for no letter, so the pattern is written out
/// here. The original's repair of garbled text (ftfy) and of HTML's &amp;amp; is left out, as Hugging Face's is.
/// </remarks>
public sealed class ClipTokenizer : ITextTokenizer
{
    /// <summary>The published files.</summary>
    public const string VocabularyFile = "vocab.json", MergesFile = "merges.txt";

    /// <summary>Begins every text.</summary>
    public const string Start = "<|startoftext|>";

    /// <summary>Ends every text; CLIP reads the meaning of the whole from here.</summary>
    public const string End = "<|endoftext|>";

    /// <summary>The length CLIP and Stable Diffusion were trained with.</summary>
    public const int Length = 77;

    private static readonly string[] Endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private readonly BytePairs pairs;
    private readonly int start, end;

    /// <summary>Makes a tokenizer.</summary>
    /// <param name="vocabulary">All 256 bytes, alone and ending a word; every merge's result; begin and end.</param>
    /// <param name="merges">The pairs in the order they were learned.</param>
    /// <param name="padId">What fills up: the end token when not given (Stable Diffusion 1, Hugging Face); 0 is the original project's.</param>
    /// <exception cref="CourseException">The vocabulary lacks a token that the merges or the text's bytes need.</exception>
    public ClipTokenizer(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges, int? padId = null)
    {
        Vocabulary = vocabulary;
        (start, end) = (vocabulary.Require(Start), vocabulary.Require(End));
        foreach (var character in BytePairs.Characters) _ = (vocabulary.Require($"{character}"), vocabulary.Require(character + BytePairs.WordEnd));
        foreach (var (left, right) in merges) vocabulary.Require(left + right);
        pairs = new(merges);
        PadId = padId ?? end;
    }

    public Vocabulary Vocabulary { get; }

    public int PadId { get; }

    /// <summary>The id of <see cref="Start"/>.</summary>
    public int StartId => start;

    /// <summary>The id of <see cref="End"/>.</summary>
    public int EndId => end;

    /// <summary>Reads the published files: vocab.json (token to id) and merges.txt (a comment line, then a pair a line).</summary>
    /// <exception cref="CourseException">A file is missing, or is not what its name says.</exception>
    public static ClipTokenizer Load(string vocabularyPath, string mergesPath, int? padId = null)
    {
        try
        {
            var vocabulary = ReadVocabulary(vocabularyPath);
            // What was learned last may not be in the vocabulary: it has room for 512 letters, the merges, begin and end.
            var merges = File.ReadLines(mergesPath).Where(line => !line.StartsWith("#version", StringComparison.Ordinal) && line.Length > 0)
                .Take(Math.Max(0, vocabulary.Count - 2 * 256 - 2)).Select(line => line.Split(' ')).ToList();
            if (merges.FirstOrDefault(pair => pair.Length != 2) is { } wrong)
                throw new CourseException($"The merges {mergesPath} have the line '{string.Join(' ', wrong)}': every line should be two pieces.");
            return new(vocabulary, [.. merges.Select(pair => (pair[0], pair[1]))], padId);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"CLIP's tokenizer cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The same with another token that fills up; with none named, itself.</summary>
    internal ClipTokenizer PaddedBy(string? token) =>
        token is null ? this : new(Vocabulary, [.. pairs.Merges], Vocabulary.Require(token));

    /// <summary>Writes vocab.json and merges.txt in the published form, which <see cref="Load"/> reads.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <exception cref="CourseException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        JsonFile.Write(Path.Combine(folder, VocabularyFile), JsonFile.Of(Vocabulary.Tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => (object)pair.id)));
        JsonFile.Write(Path.Combine(folder, MergesFile), "#version: 0.2\n" + string.Concat(pairs.Merges.Select(pair => $"{pair.Left} {pair.Right}\n")));
    }

    /// <summary>The pieces of a text, without begin and end; these two, written out in the text, stand for themselves.</summary>
    public IReadOnlyList<string> Tokenize(string text)
    {
        var pieces = new List<string>();
        while (text.Length > 0)
        {
            var first = (At: text.Length, Token: "");
            foreach (var token in new[] { Start, End })
                if (text.IndexOf(token, StringComparison.Ordinal) is var at and >= 0 && at < first.At) first = (at, token);
            foreach (var word in Words(text[..first.At])) pieces.AddRange(pairs.Split(word));
            if (first.Token.Length > 0) pieces.Add(first.Token);
            text = text[(first.At + first.Token.Length)..];
        }
        return pieces;
    }

    /// <inheritdoc/>
    public int[] Encode(string text, int maxLength = Length)
    {
        if (maxLength < 2) throw new CourseException($"maxLength is {maxLength}: begin and end alone need 2.");
        return [start, .. Tokenize(text).Take(maxLength - 2).Select(Vocabulary.Require), end];
    }

    /// <inheritdoc/>
    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids.Where(id => id != start).TakeWhile(id => id != end)) // what follows the end fills up
        {
            var piece = Vocabulary[id];
            var ends = piece.EndsWith(BytePairs.WordEnd, StringComparison.Ordinal);
            bytes.AddRange((ends ? piece[..^BytePairs.WordEnd.Length] : piece).Select(character => BytePairs.Bytes[character]));
            if (ends) bytes.Add((byte)' ');
        }
        return Encoding.UTF8.GetString([.. bytes]).TrimEnd(' ');
    }

    /// <summary>The words of a text: what the pattern finds, in lower case and composed (NFC).</summary>
    public static IEnumerable<string> Words(string text)
    {
        var lower = Lowercase.Of(CanonicalForm.Compose(text));
        for (int at = 0, next; at < lower.Length; at = next)
        {
            var kind = KindAt(lower, at, out next);
            if (kind == Kind.Space) continue;
            if (Endings.FirstOrDefault(ending => string.CompareOrdinal(lower, at, ending, 0, ending.Length) == 0) is { } found) next = at + found.Length;
            else if (kind != Kind.Digit)
                while (next < lower.Length && KindAt(lower, next, out var after) == kind) next = after;
            yield return lower[at..next];
        }
    }

    private enum Kind { Space, Letter, Digit, Other }

    private static Kind KindAt(string text, int at, out int next)
    {
        var rune = Rune.GetRuneAt(text, at);
        next = at + rune.Utf16SequenceLength;
        return Rune.IsWhiteSpace(rune) ? Kind.Space
            : Rune.IsLetter(rune) ? Kind.Letter
            : Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber ? Kind.Digit
            : Kind.Other;
    }

    private static Vocabulary ReadVocabulary(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var tokens = json.RootElement.EnumerateObject().Select(token => (Id: token.Value.GetInt32(), Token: token.Name)).Order().ToList();
            if (tokens.Select((token, place) => token.Id == place).All(right => right)) return new(tokens.Select(token => token.Token));
            throw new CourseException($"The vocabulary {path} leaves out or repeats an id between 0 and {tokens.Count - 1}.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new CourseException($"The vocabulary {path} is not a vocab.json: it should be an object of tokens and their ids.", error);
        }
    }
}

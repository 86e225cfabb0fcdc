using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>The pieces a text model knows, each with its number: the row of the embedding table that belongs to it.</summary>
public sealed class Vocabulary
{
    private readonly string[] tokens;
    private readonly Dictionary<string, int> ids;

    /// <summary>Makes a vocabulary; a token's id is its place in the list.</summary>
    /// <exception cref="CourseException">A token occurs twice.</exception>
    public Vocabulary(IEnumerable<string> tokens)
    {
        this.tokens = [.. tokens];
        ids = new(this.tokens.Length, StringComparer.Ordinal);
        for (var id = 0; id < this.tokens.Length; id++)
            if (!ids.TryAdd(this.tokens[id], id))
                throw new CourseException($"The vocabulary has '{this.tokens[id]}' twice, as {ids[this.tokens[id]]} and as {id}: each piece needs one id.");
    }

    /// <summary>How many tokens there are: ids run from 0 to one less.</summary>
    public int Count => tokens.Length;

    /// <summary>All tokens in the order of their ids.</summary>
    public IReadOnlyList<string> Tokens => tokens;

    /// <summary>The token with this id.</summary>
    /// <exception cref="CourseException">The id is not in the vocabulary.</exception>
    public string this[int id] => (uint)id < (uint)tokens.Length
        ? tokens[id]
        : throw new CourseException($"Token {id} does not exist: this vocabulary has ids 0 to {Count - 1}.");

    /// <summary>The id of a token; null when the vocabulary lacks it.</summary>
    public int? Find(string token) => ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>The id of a token that must be there, such as <c>[CLS]</c>.</summary>
    /// <exception cref="CourseException">The vocabulary lacks it.</exception>
    public int Require(string token) => Find(token)
        ?? throw new CourseException($"The vocabulary of {Count} tokens has no {token}: it is not one for this model.");

    internal Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Spans => ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Reads a vocab.txt: one token a line, in the order of their ids, in UTF-8.</summary>
    /// <exception cref="CourseException">The file is missing, is not UTF-8 text, is empty or has a token twice.</exception>
    public static Vocabulary Load(string path)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The vocabulary {path} cannot be read: {error.Message}", error);
        }
        catch (DecoderFallbackException error)
        {
            throw new CourseException($"The vocabulary {path} is not UTF-8 text: it should be a vocab.txt with one token a line.", error);
        }
        // Only line feeds end a line: tokens may be made of other characters that .NET takes for line ends.
        var lines = text.TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        if (lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        return lines.Count > 0 ? new(lines) : throw new CourseException($"The vocabulary {path} is empty: it should have one token a line.");
    }

    /// <summary>Writes a vocab.txt, whole or not at all.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path)
    {
        var partial = path + ".partial";
        try
        {
            File.WriteAllText(partial, string.Concat(tokens.Select(token => token + "\n")));
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The vocabulary cannot be written to {path}: {error.Message}", error);
        }
    }
}

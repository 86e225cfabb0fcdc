using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>Captions from text files: UTF-8, one caption a line, or a table as RFC 4180 describes it.</summary>
internal static class CaptionTable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The lines that are not blank.</summary>
    /// <exception cref="CourseException">There is none, or the file is not UTF-8.</exception>
    public static IReadOnlyList<string> Lines(string path)
    {
        string[] lines = [.. Text(path).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return lines.Length > 0 ? lines : throw new CourseException($"'{path}' holds no caption: write one caption a line.");
    }

    /// <summary>Rows of two columns, the picture's file name and its caption; a first row <c>file,caption</c> is a heading.</summary>
    /// <exception cref="CourseException">A row is not of that form; the message names its line.</exception>
    public static IReadOnlyList<(string File, string Caption, int Line)> Rows(string path)
    {
        var rows = new List<(string, string, int)>();
        foreach (var (fields, line) in Split(path, Text(path)))
        {
            if (fields is [var only] && only.Trim().Length == 0) continue;
            if (fields.Count != 2)
                throw Bad(path, line, $"has {fields.Count} field{(fields.Count == 1 ? "" : "s")} instead of 2 (write FILE,CAPTION, and put a caption with commas in double quotes)");
            var (file, caption) = (fields[0].Trim(), fields[1].Trim());
            if (rows.Count == 0 && line == 1 && file.ToLowerInvariant() is "file" or "filename" or "image" or "picture") continue;
            if (file.Length == 0) throw Bad(path, line, "names no picture");
            if (caption.Length == 0) throw Bad(path, line, $"gives '{file}' an empty caption");
            rows.Add((file, caption, line));
        }
        return rows.Count > 0 ? rows : throw new CourseException($"'{path}' holds no captions: write a line FILE,CAPTION for each picture.");
    }

    public static CourseException Bad(string path, int line, string what) => new($"'{path}', line {line}, {what}.");

    private static string Text(string path)
    {
        try
        {
            return Strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF').ReplaceLineEndings("\n");
        }
        catch (DecoderFallbackException)
        {
            throw new CourseException($"'{path}' is not UTF-8 text: save it again with the encoding UTF-8.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"'{path}' cannot be read ({error.Message.TrimEnd('.')}): check its permissions.", error);
        }
    }

    /// <summary>Rows with the line each begins in; a quoted field may hold commas, line ends, and quotes written twice.</summary>
    private static IEnumerable<(List<string> Fields, int Line)> Split(string path, string text)
    {
        var (at, line) = (0, 1);
        while (at < text.Length)
        {
            var (fields, start) = (new List<string>(), line);
            do
            {
                if (fields.Count > 0) at++; // the comma
                fields.Add(at < text.Length && text[at] == '"' ? Quoted(path, text, ref at, ref line) : Plain(text, ref at));
                if (at < text.Length && text[at] is not (',' or '\n')) throw Bad(path, line, "has text after a closing quote (write a quote inside a caption twice)");
            }
            while (at < text.Length && text[at] == ',');
            at++;
            yield return (fields, start);
            line++;
        }
    }

    private static string Plain(string text, ref int at)
    {
        var end = text.AsSpan(at).IndexOfAny(',', '\n');
        var start = at;
        at = end < 0 ? text.Length : at + end;
        return text[start..at];
    }

    private static string Quoted(string path, string text, ref int at, ref int line)
    {
        var (field, opened) = (new StringBuilder(), line);
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                if (at + 1 >= text.Length || text[at + 1] != '"')
                {
                    at++;
                    return field.ToString();
                }
                at++;
            }
            if (text[at] == '\n') line++;
            field.Append(text[at]);
        }
        throw Bad(path, opened, "opens a quote that is never closed");
    }
}

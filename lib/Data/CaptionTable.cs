using System.Text;
using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>Captions from text files: UTF-8, one caption a line; a table as RFC 4180 describes it; or an object of JSON
/// a line.</summary>
internal static class CaptionTable
{
    // The headings of this course's tables, and those that Hugging Face's and kohya's programs write.
    private static readonly string[] FileHeadings = ["file_name", "filename", "file", "image", "image_path", "picture",
        "path"];
    private static readonly string[] CaptionHeadings = ["caption", "captions", "text", "description", "prompt", "tags"];

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true);

    /// <summary>The lines that are not blank.</summary>
    /// <exception cref="CourseException">There is none, or the file is not UTF-8.</exception>
    public static IReadOnlyList<string> Lines(string path)
    {
        string[] lines = [.. Text(path).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return lines.Length > 0 ? lines
            : throw new CourseException($"'{path}' holds no caption: write one caption a line.");
    }

    /// <summary>
    /// A picture's file name and its caption from each row: of a table without headings its two columns, of one with
    /// headings those under <c>file_name</c> and <c>text</c> or the like; of a file that ends in .jsonl the same fields
    /// of each object; of one that ends in .json what <see cref="KohyaCaptions"/> says.
    /// </summary>
    /// <exception cref="CourseException">A row is not of that form; the message names its line.</exception>
    public static IReadOnlyList<(string File, string Caption, int Line)> Rows(string path)
    {
        var rows = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) ? OfObjects(path)
            : path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? [.. KohyaCaptions.Rows(path, Text(path))]
            : OfTable(path);
        foreach (var (file, caption, line) in rows)
        {
            if (file.Length == 0) throw Bad(path, line, "names no picture");
            if (caption.Length == 0) throw Bad(path, line, $"gives '{file}' an empty caption");
        }
        return rows.Count > 0 ? rows
            : throw new CourseException($"'{path}' holds no captions: write a line FILE,CAPTION for each picture.");
    }

    public static CourseException Bad(string path, int line, string what) => new($"'{path}', line {line}, {what}.");

    private static List<(string File, string Caption, int Line)> OfTable(string path)
    {
        var rows = new List<(string, string, int)>();
        var (columns, file, caption) = (2, 0, 1);
        foreach (var (fields, line) in Split(path, Text(path)))
        {
            if (fields is [var only] && only.Trim().Length == 0) continue;
            if (rows.Count == 0 && line == 1 && Headings(fields) is { } headings) (columns, file, caption) = headings;
            else if (fields.Count != columns)
                throw Bad(path, line,
                    $"has {fields.Count} field{(fields.Count == 1 ? "" : "s")} instead of {columns} (write " +
                        $"FILE,CAPTION, and put a caption with commas in double quotes)");
            else rows.Add((fields[file].Trim(), fields[caption].Trim(), line));
        }
        return rows;
    }

    // A first row of a known word and of any other, as people write it; or of both words, in any order and among
    // others.
    private static (int Columns, int File, int Caption)? Headings(List<string> fields)
    {
        List<string> names = [.. fields.Select(field => field.Trim().ToLowerInvariant())];
        var (file, caption) = (names.FindIndex(FileHeadings.Contains), names.FindIndex(CaptionHeadings.Contains));
        if (file >= 0 && caption >= 0) return (names.Count, file, caption);
        return file == 0 && names.Count == 2 ? (2, 0, 1) : null;
    }

    private static List<(string File, string Caption, int Line)> OfObjects(string path)
    {
        var rows = new List<(string, string, int)>();
        var line = 0;
        foreach (var text in Text(path).Split('\n'))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text)) continue;
            try
            {
                using var json = JsonDocument.Parse(text);
                if (json.RootElement.ValueKind != JsonValueKind.Object) throw Bad(path, line, "is no object of JSON");
                var file = Find(json.RootElement, FileHeadings)?.GetString()
                    ?? throw Bad(path, line, "has no 'file_name'");
                var caption = Find(json.RootElement, CaptionHeadings)
                    ?? throw Bad(path, line, $"has no 'text' for '{file}'");
                if (caption.ValueKind == JsonValueKind.Array)
                    rows.AddRange(caption.EnumerateArray().Select(one => (file.Trim(), one.GetString()!.Trim(), line)));
                else rows.Add((file.Trim(), caption.GetString()!.Trim(), line));
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException)
            {
                throw Bad(path, line, "is not JSON as {\"file_name\": \"a.png\", \"text\": \"a caption\"}");
            }
        }
        return rows;

        static JsonElement? Find(JsonElement row, string[] names)
        {
            foreach (var name in names)
                if (row.TryGetProperty(name, out var value)) return value;
            return null;
        }
    }

    // Lines end as in files: Unicode's own separators, U+2028 for example, may stand inside a caption.
    private static string Text(string path)
    {
        try
        {
            return Strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF').Replace("\r\n", "\n")
                .Replace('\r', '\n');
        }
        catch (DecoderFallbackException)
        {
            throw new CourseException($"'{path}' is not UTF-8 text: save it again with the encoding UTF-8.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"'{path}' cannot be read ({error.Message.TrimEnd('.')}): check its " +
                $"permissions.", error);
        }
    }

    /// <summary>Rows with the line each begins in; a quoted field may hold commas, line ends, and quotes written twice.
    /// Blanks around the quotes are forgiven.</summary>
    private static IEnumerable<(List<string> Fields, int Line)> Split(string path, string text)
    {
        var (at, line) = (0, 1);
        while (at < text.Length)
        {
            var (fields, start) = (new List<string>(), line);
            do
            {
                if (fields.Count > 0) at++; // the comma
                var first = PastBlanks(text, at);
                if (first < text.Length && text[first] == '"')
                {
                    at = first;
                    fields.Add(Quoted(path, text, ref at, ref line));
                    at = PastBlanks(text, at);
                }
                else fields.Add(Plain(text, ref at));
                if (at < text.Length && text[at] is not (',' or '\n')) throw Bad(path, line,
                    "has text after a closing quote (write a quote inside a caption twice)");
            }
            while (at < text.Length && text[at] == ',');
            at++;
            yield return (fields, start);
            line++;
        }
    }

    private static int PastBlanks(string text, int at)
    {
        while (at < text.Length && text[at] is (' ' or '\t')) at++;
        return at;
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

using System.Text;
using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>
/// kohya's captions: one object of JSON, <c>{"rose": {"caption": "a red rose", "tags": "flower, red"}}</c>, by pictures'
/// names with or without their folder and ending. As its programs do, a caption and its tags become one text.
/// </summary>
internal static class KohyaCaptions
{
    /// <summary>What its programs call the file: after captions, after tags, cleaned, and with sizes.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        ["meta_cap.json", "meta_cap_dd.json", "meta_clean.json", "meta_lat.json"];

    /// <summary>A picture's name, its caption, and the line that it begins in.</summary>
    /// <exception cref="CourseException">The text is of another form; the message names the line.</exception>
    internal static IEnumerable<(string File, string Caption, int Line)> Rows(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var json = new Utf8JsonReader(bytes);
        var rows = new List<(string, string, int)>();
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var (name, line) = (json.GetString()!, LineAt(json.TokenStartIndex));
                json.Read();
                using var entry = JsonDocument.ParseValue(ref json);
                if (entry.RootElement.ValueKind != JsonValueKind.Object)
                    throw CaptionTable.Bad(path, line, $"has no object of 'caption' and 'tags' for '{name}'");
                string?[] parts = [Of(entry.RootElement, "caption"), Of(entry.RootElement, "tags")];
                string[] said = [.. parts.OfType<string>().Select(part => part.Trim()).Where(part => part.Length > 0)];
                if (said.Length == 0) throw CaptionTable.Bad(path, line, $"has neither 'caption' nor 'tags' for '{name}'");
                rows.Add((name[(name.LastIndexOfAny(['/', '\\']) + 1)..], string.Join(", ", said), line));
            }
            while (json.Read()) throw new JsonException();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw CaptionTable.Bad(path, LineAt(json.TokenStartIndex),
                "is not JSON as {\"a\": {\"caption\": \"a caption\"}}");
        }
        return rows;

        int LineAt(long place) => 1 + bytes.AsSpan(0, (int)Math.Min(place, bytes.Length)).Count((byte)'\n');
    }

    // Null says nothing.
    private static string? Of(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.GetString() : null;
}

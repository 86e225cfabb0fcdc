using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImageGen.Course.Notebooks;

/// <summary>
/// Writes JSON as Jupyter writes notebooks (keys sorted, indented by one space, characters as they are), so that a file
/// saved by either differs only where its content does.
/// </summary>
internal static class NotebookJson
{
    public static string Write(JsonNode root)
    {
        var text = new StringBuilder();
        Write(text, root, 0);
        return text.Append('\n').ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject properties:
                Block(text, '{', '}', depth, [.. properties.OrderBy(p => p.Key, StringComparer.Ordinal)], property =>
                {
                    Write(text, property.Key);
                    text.Append(": ");
                    Write(text, property.Value, depth + 1);
                });
                break;
            case JsonArray items:
                Block(text, '[', ']', depth, [.. items], item => Write(text, item, depth + 1));
                break;
            case var value when value.GetValueKind() == JsonValueKind.String:
                Write(text, value.GetValue<string>());
                break;
            default:
                text.Append(node.ToJsonString());
                break;
        }
    }

    private static void Block<T>(StringBuilder text, char open, char close, int depth, T[] items, Action<T> write)
    {
        text.Append(open);
        for (var i = 0; i < items.Length; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(' ', depth + 1);
            write(items[i]);
        }
        if (items.Length > 0) text.Append('\n').Append(' ', depth);
        text.Append(close);
    }

    // Python's json module with ensure_ascii=False: only what JSON itself demands is escaped.
    private static void Write(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        text.Append('"');
    }
}

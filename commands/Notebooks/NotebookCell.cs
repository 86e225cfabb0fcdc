using System.Text.Json.Nodes;

namespace ImageGen.Course.Notebooks;

/// <summary>What a notebook cell is.</summary>
public enum CellKind
{
    /// <summary>Text.</summary>
    Markdown,

    /// <summary>C#.</summary>
    Code,

    /// <summary>Text that is shown as it is.</summary>
    Raw,
}

/// <summary>One cell of a notebook. What this type does not know of the file is kept as it was.</summary>
public sealed class NotebookCell
{
    private readonly JsonObject json;

    internal NotebookCell(JsonObject json) => this.json = json;

    /// <summary>What the cell is.</summary>
    public CellKind Kind => (string?)json["cell_type"] switch
    {
        "code" => CellKind.Code,
        "raw" => CellKind.Raw,
        _ => CellKind.Markdown,
    };

    /// <summary>The cell's name inside the notebook.</summary>
    public string Id => (string?)json["id"] ?? "";

    /// <summary>Its text.</summary>
    public string Source
    {
        get => Text(json["source"]);
        set => json["source"] = Lines(value);
    }

    /// <summary>Its metadata.</summary>
    public JsonObject Metadata => Child(json, "metadata");

    /// <summary>The course's own notes on the cell; see <see cref="Notebook.OwnMetadata"/>.</summary>
    public JsonObject? OwnMetadata => json["metadata"]?[Notebook.OwnMetadata] as JsonObject;

    /// <summary>Pictures that the cell's text shows as <c>attachment:NAME</c>: name → MIME type → base64.</summary>
    public JsonObject? Attachments => json["attachments"] as JsonObject;

    /// <summary>The number in a code cell's brackets; null when it was not executed.</summary>
    public int? ExecutionCount
    {
        get => (int?)json["execution_count"];
        set => json["execution_count"] = value;
    }

    /// <summary>A code cell's outputs, as nbformat has them.</summary>
    public JsonArray Outputs
    {
        get => json["outputs"] as JsonArray ?? [];
        set => json["outputs"] = value;
    }

    /// <summary>Text in a notebook is a string or a list of lines.</summary>
    internal static string Text(JsonNode? node) => node switch
    {
        JsonArray lines => string.Concat(lines.Select(line => (string?)line)),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => "",
    };

    /// <summary>Text as Jupyter saves it: a list of lines, each with its line end.</summary>
    internal static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start) is >= 0 and var at ? at + 1 : text.Length;
            lines.Add((JsonNode)text[start..end]);
            start = end;
        }
        return lines;
    }

    internal static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child) return child;
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }
}

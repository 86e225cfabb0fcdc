using System.Text.Json;
using System.Text.Json.Nodes;
using ImageGen.Runtime;

namespace ImageGen.Course.Notebooks;

/// <summary>A notebook file, nbformat 4.5.</summary>
public sealed class Notebook
{
    /// <summary>
    /// The key under which the course keeps its notes in the metadata of a notebook and of its cells.
    /// </summary>
    public const string OwnMetadata = "imagegen";

    private readonly JsonObject root;

    private Notebook(JsonObject root)
    {
        this.root = root;
        Cells = [.. root["cells"]!.AsArray().Select(cell => new NotebookCell(cell!.AsObject()))];
    }

    /// <summary>The cells from top to bottom.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    /// <summary>The code cells.</summary>
    public IEnumerable<NotebookCell> CodeCells => Cells.Where(cell => cell.Kind == CellKind.Code);

    /// <summary>The notebook's metadata.</summary>
    public JsonObject Metadata => NotebookCell.Child(root, "metadata");

    /// <summary>The first heading of the first level, else null.</summary>
    public string? Title => Cells.Where(cell => cell.Kind == CellKind.Markdown)
        .SelectMany(cell => cell.Source.Split('\n'))
        .FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..].Trim();

    /// <summary>Reads a notebook and brings it to nbformat 4.5.</summary>
    /// <exception cref="CourseException">There is no such file, or it is not a notebook of C# cells.</exception>
    public static Notebook Read(string path)
    {
        string text;
        try { text = File.ReadAllText(path); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The notebook {path} cannot be read: {error.Message}", error);
        }
        return Parse(text, Path.GetFileName(path));
    }

    /// <summary>Reads a notebook's text.</summary>
    /// <param name="text">JSON.</param>
    /// <param name="name">The file's name, for errors.</param>
    /// <exception cref="CourseException">It is not a notebook of C# cells.</exception>
    public static Notebook Parse(string text, string name)
    {
        JsonNode? parsed;
        try { parsed = JsonNode.Parse(text); }
        catch (JsonException error)
        {
            throw new CourseException($"{name} is not a notebook: it is not JSON (line {error.LineNumber + 1}). "
                + $"Restore the file with git.", error);
        }
        if (parsed is not JsonObject root || root["cells"] is not JsonArray cells
            || !cells.All(cell => cell is JsonObject))
            throw new CourseException($"{name} is not a notebook: it has no list of cells. Restore the file with git.");
        if (root["nbformat"] is not JsonValue format || !format.TryGetValue<int>(out var major) || major != 4)
            throw new CourseException($"{name} has notebook format {root["nbformat"]?.ToJsonString() ?? "(none)"}, "
                + $"and this course reads format 4: open it in Jupyter and save it.");
        RequireCSharp(root, cells, name);
        BringTo45(root, cells);
        return new Notebook(root);
    }

    /// <summary>An independent copy.</summary>
    public Notebook Copy() => new(root.DeepClone().AsObject());

    /// <summary>The file's text: keys sorted, indented by one, as Jupyter saves it.</summary>
    public override string ToString() => NotebookJson.Write(root);

    /// <summary>Writes the file whole: to a neighbor first, then moved into place.</summary>
    public void Write(string path)
    {
        var part = path + ".part";
        File.WriteAllText(part, ToString());
        File.Move(part, path, overwrite: true);
    }

    private static void RequireCSharp(JsonObject root, JsonArray cells, string name)
    {
        var language = (string?)root["metadata"]?["kernelspec"]?["language"] ?? (string?)root["metadata"]?["language_info"]?["name"];
        if (language is not null && !IsCSharp(language))
            throw new CourseException($"{name} is a notebook of {language}, and this kernel runs C#: open it with the "
                + $"kernel it was written for.");
        for (var i = 0; i < cells.Count; i++)
        {
            if ((string?)cells[i]!["cell_type"] != "code") continue;
            var metadata = cells[i]!["metadata"];
            var cell = (string?)metadata?["polyglot_notebook"]?["kernelName"] ?? (string?)metadata?["dotnet_interactive"]?["language"]
                ?? (string?)metadata?["vscode"]?["languageId"];
            if (cell is not null && !IsCSharp(cell))
                throw new CourseException($"{name}, cell {i + 1} is written in {cell}, and this kernel runs C# only: "
                    + $"change the cell's language or remove it.");
        }
    }

    private static bool IsCSharp(string language) => language.ToLowerInvariant() is "c#" or "csharp" or ".net-csharp";

    private static void BringTo45(JsonObject root, JsonArray cells)
    {
        root["nbformat_minor"] = Math.Max(5, (int?)root["nbformat_minor"] ?? 0);
        var metadata = NotebookCell.Child(root, "metadata");
        metadata["kernelspec"] =
            new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" };
        metadata["language_info"] = new JsonObject
        {
            ["name"] = "C#",
            ["file_extension"] = ".cs",
            ["mimetype"] = "text/x-csharp",
            ["pygments_lexer"] = "csharp",
        };
        var names = new HashSet<string>();
        for (var i = 0; i < cells.Count; i++)
        {
            var cell = cells[i]!.AsObject();
            NotebookCell.Child(cell, "metadata");
            cell["source"] = NotebookCell.Lines(NotebookCell.Text(cell["source"]));
            if ((string?)cell["id"] is not { Length: > 0 } id || !names.Add(id)) cell["id"] = NewId(names, i);
            if ((string?)cell["cell_type"] != "code") continue;
            if (cell["outputs"] is not JsonArray) cell["outputs"] = new JsonArray();
            if (!cell.ContainsKey("execution_count")) cell["execution_count"] = null;
        }
    }

    // The place in the file, so that the same file gets the same names each time.
    private static string NewId(HashSet<string> names, int index)
    {
        var id = $"cell-{index + 1:00}";
        for (var n = 2; !names.Add(id); n++) id = $"cell-{index + 1:00}-{n}";
        return id;
    }
}

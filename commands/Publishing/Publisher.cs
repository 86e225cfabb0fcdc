using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;

namespace ImageGen.Course.Publishing;

/// <summary>
/// Makes an executed notebook fit to be committed: outputs that GitHub shows, and nothing of this machine.
/// </summary>
public static partial class Publisher
{
    /// <summary>Cleans the outputs of an executed notebook and marks each with the hash of its code.</summary>
    /// <param name="notebook">Executed to its end; changed in place.</param>
    /// <param name="root">The repository's root, whose path becomes relative.</param>
    public static void Clean(Notebook notebook, string root)
    {
        notebook.Metadata.Remove("widgets");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var (cell, hash) in CodeHash.Of(notebook))
        {
            cell.Metadata[Notebook.OwnMetadata] = new CellRecord((double?)cell.OwnMetadata?["seconds"] ?? 0, hash)
                .ToJson();
            cell.Metadata.Remove("execution");
            foreach (var output in cell.Outputs.OfType<JsonObject>())
            {
                Clean(output, text => Impersonal(text, root, home));
                PhotographOutputs.Compress(output);
            }
        }
    }

    private static void Clean(JsonObject output, Func<string, string> impersonal)
    {
        if (output["text"] is { } stream) output["text"] = NotebookCell.Lines(impersonal(NotebookCell.Text(stream)));
        if (output["traceback"] is JsonArray lines)
            output["traceback"] = new JsonArray([.. lines.Select(line => (JsonNode)impersonal((string?)line ?? ""))]);
        if (output["data"] is not JsonObject data) return;
        foreach (
            var mimeType in data.Select(d => d.Key).Where(type => type.StartsWith("text/", StringComparison.Ordinal))
                .ToArray())
        {
            var text = impersonal(NotebookCell.Text(data[mimeType]));
            if (mimeType == "text/html") text = StyleElement().Replace(text, "").ReplaceLineEndings("\n").Trim();
            data[mimeType] = NotebookCell.Lines(text);
            if (mimeType == "text/html" && data.Count > 1
                && text.Contains("<script", StringComparison.OrdinalIgnoreCase))
                data.Remove(mimeType);
        }
    }

    private static string Impersonal(string text, string root, string home)
    {
        text = text.Replace(root + Path.DirectorySeparatorChar, "").Replace(root, ".");
        return home.Length > 1 ? text.Replace(home, "~") : text;
    }

    // The formatting library repeats its style sheet with every table; notebooks have their own.
    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex StyleElement();
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Publishing;

namespace ImageGen.Course.Checking;

/// <summary>Checks on the outputs of committed notebooks.</summary>
internal static partial class OutputChecks
{
    private const long MostBytes = 2 * 1024 * 1024;
    private static readonly string[] Plain = ["image/png", "image/jpeg", "text/plain", "text/markdown", "text/latex"];

    /// <summary>
    /// Every code cell was executed, in order and without error, and its outputs come from its code as it is now.
    /// </summary>
    public static IEnumerable<Finding> Fresh(CheckedNotebook notebook)
    {
        var places = notebook.Code.ToDictionary(c => c.Cell, c => c.Place);
        if (notebook.Code.Any() && notebook.Code.All(c => c.Cell.Outputs.Count == 0))
        {
            yield return notebook.Found("it has no outputs", notebook.Publish);
            yield break;
        }
        var expected = 0;
        foreach (var (cell, hash) in CodeHash.Of(notebook.Notebook))
        {
            expected++;
            var place = places[cell];
            if (cell.ExecutionCount is null || (string?)cell.OwnMetadata?["code"] is not { } recorded)
                yield return notebook.Found("it was not executed by ./course publish", notebook.Publish, place);
            else if (recorded != hash)
                yield return notebook.Found("its outputs are stale: its code, or that of a cell before it, has "
                    + "changed since", notebook.Publish, place);
            else if (cell.ExecutionCount != expected)
                yield return notebook.Found(
                    $"it was executed as number {cell.ExecutionCount}, not {expected}", notebook.Publish, place);
            if (cell.Outputs.Any(output => (string?)output?["output_type"] == "error"))
                yield return notebook.Found("its output is an error", $"Mend it. {notebook.Publish}", place);
        }
    }

    /// <summary>What GitHub shows, which runs no scripts.</summary>
    public static IEnumerable<Finding> Visible(CheckedNotebook notebook)
    {
        foreach (var (cell, place) in notebook.Code)
            foreach (var data in cell.Outputs.Select(output => output?["data"]).OfType<JsonObject>())
            {
                var types = data.Select(d => d.Key).ToArray();
                if (types.Contains("text/html")
                    && NotebookCell.Text(data["text/html"]).Contains("<script", StringComparison.OrdinalIgnoreCase))
                    yield return notebook.Found(
                        "an output has a script, and GitHub shows nothing in its place", "Show it as image/png instead",
                        place);
                else if (types.Contains("application/javascript"))
                    yield return notebook.Found("an output is a script", "Show a picture instead", place);
                else if (types.Any(type => type.Contains("plotly")) && !types.Contains("image/png"))
                    yield return notebook.Found(
                        "a chart has no image/png, and GitHub shows nothing in its place",
                        "Give its bundle the picture too", place);
                else if (types.Any(type => type.Contains("plotly")) && types.Contains("text/html"))
                    yield return notebook.Found(
                        "a chart has text/html, which GitHub shows instead of the picture",
                        "Leave text/html out of its bundle", place);
                else if (
                    !types.Intersect(Plain).Any() && !types.Contains("text/html") && !types.Contains("image/svg+xml"))
                    yield return notebook.Found($"an output has only {string.Join(", ", types)}, which few viewers "
                        + $"show", "Add image/png or text/plain to its bundle", place);
            }
    }

    /// <summary>Small enough that GitHub shows it and a clone stays quick.</summary>
    public static IEnumerable<Finding> Size(CheckedNotebook notebook)
    {
        if (notebook.Bytes > MostBytes)
            yield return notebook.Found(
                $"it has {notebook.Bytes / 1024.0 / 1024.0:0.0} MB, and 2 MB are the most",
                "Show smaller or fewer pictures");
    }

    /// <summary>Nothing that belongs to the machine or the person that made the outputs.</summary>
    public static IEnumerable<Finding> Impersonal(CheckedNotebook notebook, string root)
    {
        foreach (var (cell, place) in notebook.Code)
            foreach (var text in cell.Outputs.OfType<JsonObject>().SelectMany(Texts))
            {
                var found = text.Contains(root, StringComparison.Ordinal) ? root : PersonalPath()
                    .Match(text) is { Success: true } path ? path.Value : UserName(text);
                if (found is null) continue;
                yield return notebook.Found($"an output names something of one machine: {found}", "Show a relative "
                    + "path, or none", place);
                break;
            }
    }

    private static string? UserName(string text) =>
        Environment.UserName is { Length: > 3 } name && name != "root" && Regex.IsMatch(text, $@"\b{Regex.Escape(name)}\b") ? name : null;

    private static IEnumerable<string> Texts(JsonObject output)
    {
        if (output["text"] is { } stream) yield return NotebookCell.Text(stream);
        if (output["traceback"] is JsonArray lines) yield return NotebookCell.Text(lines);
        foreach (var (type, content) in output["data"] as JsonObject ?? [])
            if (type.StartsWith("text/", StringComparison.Ordinal)) yield return NotebookCell.Text(content);
            else if (type.EndsWith("json", StringComparison.Ordinal) && content is not null) yield return content.ToJsonString();
    }

    [GeneratedRegex(@"(/home/|/Users/|/roo[t]/|/tmp/|\b[A-Za-z]:\\+Users\\+)[^\s""'<>]+")]
    private static partial Regex PersonalPath();
}

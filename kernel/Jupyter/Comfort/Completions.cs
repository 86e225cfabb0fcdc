using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.Tags;

namespace ImageGen.Kernel.Jupyter.Comfort;

/// <summary>What can stand at the cursor.</summary>
/// <param name="Start">Where the text to replace begins, as a .NET index.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Matches">What can replace it, the likeliest first.</param>
internal sealed record CompletionAnswer(int Start, int End, IReadOnlyList<(string Text, string Kind)> Matches)
{
    /// <summary>The content of a complete reply.</summary>
    public JsonObject ToJson(string code)
    {
        var (start, end) = (CellText.Position(code, Start), CellText.Position(code, End));
        return new JsonObject
        {
            ["status"] = "ok",
            ["matches"] = new JsonArray([.. Matches.Select(match => (JsonNode)match.Text)]),
            ["cursor_start"] = start,
            ["cursor_end"] = end,
            ["metadata"] = new JsonObject
            {
                ["_jupyter_types_experimental"] = new JsonArray([.. Matches.Select(match =>
                    new JsonObject { ["text"] = match.Text, ["type"] = match.Kind, ["start"] = start, ["end"] = end })]),
            },
        };
    }
}

/// <summary>Completes C# by Roslyn's completion service.</summary>
internal static class Completions
{
    // A list nobody scrolls through costs the front end seconds.
    private const int Most = 500;

    /// <summary>What can stand at <paramref name="index"/>.</summary>
    public static async Task<CompletionAnswer> FindAsync(NotebookWorkspace workspace, ScriptSession session, string code, int index)
    {
        var document = workspace.Document(session, code);
        var service = CompletionService.GetService(document)!;
        var list = await service.GetCompletionsAsync(document, index);
        var start = Math.Min(list.Span.Start, index);
        var typed = code[start..index];
        var fitting = list.ItemsList.Where(item => !item.Tags.Contains(WellKnownTags.Snippet) && !item.Tags.Contains(WellKnownTags.Operator)).ToArray();
        // The typed case first. The middle of a word counts only where no beginning fits: Tab inserts what all matches begin with.
        var matches = fitting.Where(item => item.FilterText.StartsWith(typed, StringComparison.Ordinal))
            .Concat(fitting.Where(item => item.FilterText.StartsWith(typed, StringComparison.OrdinalIgnoreCase))).ToArray();
        if (matches.Length == 0) matches = [.. fitting.Where(item => item.FilterText.Contains(typed, StringComparison.OrdinalIgnoreCase))];
        return new CompletionAnswer(start, index, [.. matches.Select(item => (Text(item), Kind(item))).Distinct().Take(Most)]);
    }

    private static string Text(CompletionItem item) => item.Properties.TryGetValue("InsertionText", out var text) ? text : item.DisplayText;

    // The words that JupyterLab has icons for.
    private static string Kind(CompletionItem item)
    {
        foreach (var tag in item.Tags)
            switch (tag)
            {
                case WellKnownTags.Method or WellKnownTags.ExtensionMethod: return "function";
                case WellKnownTags.Property: return "property";
                case WellKnownTags.Field or WellKnownTags.Constant or WellKnownTags.EnumMember: return "field";
                case WellKnownTags.Local or WellKnownTags.Parameter or WellKnownTags.RangeVariable: return "variable";
                case WellKnownTags.Class: return "class";
                case WellKnownTags.Structure: return "struct";
                case WellKnownTags.Interface or WellKnownTags.Delegate: return "interface";
                case WellKnownTags.Enum: return "enum";
                case WellKnownTags.Namespace: return "module";
                case WellKnownTags.Keyword: return "keyword";
                case WellKnownTags.Event: return "event";
            }
        return "text";
    }
}

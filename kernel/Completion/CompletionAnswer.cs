using System.Text.Json.Nodes;

namespace ImageGen.Kernel.Completion;

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

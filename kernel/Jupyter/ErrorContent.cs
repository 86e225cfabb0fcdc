using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Errors as front ends show them: red where it matters, by the escape codes that all of them know.</summary>
internal static class ErrorContent
{
    private const string Red = "\e[1;31m", Faint = "\e[90m", End = "\e[0m";

    /// <summary>The content of an error message; an execute reply carries the same three fields.</summary>
    public static JsonObject Of(ErrorOutput error) => new()
    {
        ["ename"] = error.Name,
        ["evalue"] = error.Message,
        ["traceback"] = new JsonArray([.. error.Text.Split('\n').Select((line, i) => (JsonNode)Color(line, i))]),
    };

    // The message and the pointer under the source line are red, the rest is quiet.
    private static string Color(string line, int index)
    {
        if (line.TrimStart().StartsWith('^')) return $"{Red}{line}{End}";
        if (!line.StartsWith("  ", StringComparison.Ordinal))
            return index == 0 || line.StartsWith("error ", StringComparison.Ordinal) ? $"{Red}{line}{End}" : line;
        return line.IndexOf(": ", StringComparison.Ordinal) is > 0 and var colon
            ? $"{Faint}{line[..(colon + 1)]}{End}{line[(colon + 1)..]}"
            : line;
    }
}

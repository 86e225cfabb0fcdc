using System.Text;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Course.Notebooks;

/// <summary>
/// Turns what cells put out into the outputs of notebook cells; an update finds its display in any cell.
/// </summary>
public sealed class NotebookOutputs
{
    /// <summary>What a cell may write to one stream before the rest is left out.</summary>
    private const int MostText = 512 * 1024;

    private readonly Dictionary<string, List<JsonObject>> displays = [];
    private readonly Dictionary<JsonObject, StringBuilder> streams = [];

    /// <summary>Adds one output to a cell.</summary>
    public void Add(NotebookCell cell, CellOutput output)
    {
        switch (output)
        {
            case StreamOutput stream:
                AddStream(cell, stream);
                break;
            case DisplayOutput display:
                var shown = new JsonObject { ["output_type"] = "display_data", ["metadata"] = DisplaySize.Metadata(display.Bundle), ["data"] = Data(display.Bundle) };
                if (!displays.TryGetValue(display.DisplayId, out var places)) displays[display.DisplayId] = places = [];
                places.Add(shown);
                cell.Outputs.Add((JsonNode)shown);
                break;
            case UpdateDisplay update:
                foreach (var place in displays.GetValueOrDefault(update.DisplayId) ?? [])
                    (place["data"], place["metadata"]) = (Data(update.Bundle), DisplaySize.Metadata(update.Bundle));
                break;
            case ClearOutput:
                cell.Outputs.Clear();
                break;
            case ResultOutput result:
                cell.Outputs.Add((JsonNode)new JsonObject
                {
                    ["output_type"] = "execute_result",
                    ["execution_count"] = cell.ExecutionCount,
                    ["metadata"] = DisplaySize.Metadata(result.Bundle),
                    ["data"] = Data(result.Bundle),
                });
                break;
            case ErrorOutput error:
                cell.Outputs.Add((JsonNode)new JsonObject
                {
                    ["output_type"] = "error",
                    ["ename"] = error.Name,
                    ["evalue"] = error.Message,
                    ["traceback"] = new JsonArray([.. error.Text.Split('\n').Select(line => (JsonNode)line)]),
                });
                break;
        }
    }

    /// <summary>
    /// A bundle as the file has it: text as lists of lines, pictures in base64 as one string, JSON as it is.
    /// </summary>
    internal static JsonObject Data(JsonObject bundle)
    {
        var data = new JsonObject();
        foreach (var (mimeType, content) in bundle)
            data[mimeType] = content is JsonValue value && value.TryGetValue<string>(out var text) && IsText(mimeType)
                ? NotebookCell.Lines(text)
                : content?.DeepClone();
        return data;
    }

    private static bool IsText(string mimeType) => mimeType.StartsWith("text/", StringComparison.Ordinal)
        || mimeType is "image/svg+xml" or "application/javascript";

    private void AddStream(NotebookCell cell, StreamOutput stream)
    {
        var name = stream.IsError ? "stderr" : "stdout";
        if (cell.Outputs.LastOrDefault() is not JsonObject last || (string?)last["name"] != name)
        {
            last = new JsonObject { ["output_type"] = "stream", ["name"] = name };
            cell.Outputs.Add((JsonNode)last);
        }
        if (!streams.TryGetValue(last, out var written)) streams[last] = written = new StringBuilder();
        if (written.Length > MostText) return;
        written.Append(stream.Text);
        if (written.Length > MostText)
            written.Append("\n… the rest of this output was left out: it is too long for a notebook.\n");
        last["text"] = NotebookCell.Lines(Settled(written.ToString()));
    }

    // A progress line that rewrites itself (carriage return) is kept as its last state: few viewers know how to go
    // back.
    private static string Settled(string text)
    {
        if (!text.Contains('\r')) return text;
        var lines = text.Replace("\r\n", "\n").Split('\n').Select(line => line.TrimEnd('\r')).Select(
            line => line[(line.LastIndexOf('\r') + 1)..]);
        return string.Join('\n', lines);
    }
}

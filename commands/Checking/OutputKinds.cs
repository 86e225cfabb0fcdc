using System.Buffers.Binary;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;

namespace ImageGen.Course.Checking;

/// <summary>
/// The outputs of a cell by their kind, so that those of two kernels can be compared: what is drawn, not how it is
/// said.
/// </summary>
internal static class OutputKinds
{
    // TorchSharp asks for an older assembly than .NET has; nothing in a notebook stops the warning. See
    // docs/two-kernels.md.
    private const string ListedWarning = "warning CS1701";

    /// <summary>The script with which .NET Interactive begins a session.</summary>
    private const string Bootstrap = "dotnet-interactive-this-cell";

    /// <summary>
    /// For example <c>text</c>, <c>picture 512×512</c>, <c>chart 1280×800</c>, <c>value</c>, in their order; what was
    /// printed comes first, wherever it was printed.
    /// </summary>
    public static IReadOnlyList<string> Of(NotebookCell cell)
    {
        var outputs = cell.Outputs.OfType<JsonObject>().ToArray();
        var said = outputs.Where(output => (string?)output["output_type"] == "stream")
            .ToLookup(output => (string?)output["name"], output => NotebookCell.Text(output["text"]));
        List<string> kinds = [];
        if (said["stdout"].Any(text => text.Length > 0)) kinds.Add("text");
        if (said["stderr"].SelectMany(text => text.Split('\n')).FirstOrDefault(IsComplaint) is { } line)
            kinds.Add($"standard error ({line.Trim()})");
        kinds.AddRange(outputs.Select(Of).OfType<string>());
        return kinds;
    }

    private static bool IsComplaint(string line) =>
        !string.IsNullOrWhiteSpace(line) && !line.Contains(ListedWarning, StringComparison.Ordinal);

    private static string? Of(JsonObject output)
    {
        if ((string?)output["output_type"] == "error") return $"error ({((string?)output["evalue"])?.Split('\n')[0]})";
        if (output["data"] is not JsonObject data) return null;
        var chart = data.Any(entry => entry.Key.Contains("plotly", StringComparison.Ordinal));
        if (data["image/png"] is { } png) return $"{(chart ? "chart" : "picture")} {SizeOf(NotebookCell.Text(png))}";
        if (chart) return "chart without a picture";
        return NotebookCell.Text(data["text/html"]).Contains(Bootstrap, StringComparison.Ordinal) ? null : "value";
    }

    // The signature and IHDR: width and height are its first two numbers.
    private static string SizeOf(string base64)
    {
        var head = Convert.FromBase64String(base64.ReplaceLineEndings("")[..32]);
        return $"{BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(16))}×{BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(20))}";
    }
}

using System.Net;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;

namespace ImageGen.Course.Pages;

/// <summary>Turns the outputs of a code cell into HTML.</summary>
internal static class OutputRenderer
{
    /// <summary>From what a page shows best to what it shows least well.</summary>
    private static readonly string[] Preference = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "image/webp", "text/latex", "text/plain", "application/json"];

    /// <summary>One output as HTML; empty when there is nothing that a page can show.</summary>
    public static string ToHtml(JsonObject output, MarkdownRenderer markdown) => (string?)output["output_type"] switch
    {
        "stream" => $"<pre class=\"{((string?)output["name"] == "stderr" ? "stderr" : "stdout")}\">{WebUtility.HtmlEncode(NotebookCell.Text(output["text"]))}</pre>",
        "error" => Error(output),
        "display_data" or "execute_result" =>
            Bundle(output["data"] as JsonObject ?? [], output["metadata"] as JsonObject, markdown),
        _ => "",
    };

    /// <summary>
    /// The picture that stands for a notebook, as a data address: that of its gallery cell, else its last picture that
    /// is no chart, else its last; null when it made none.
    /// </summary>
    public static string? Cover(Notebook notebook)
    {
        var pictures = notebook.CodeCells.Reverse()
            .SelectMany(cell => cell.Outputs.Reverse().Select(output => (cell, data: output?["data"] as JsonObject)))
            .Where(shown => PictureOf(shown.data) is not null).ToArray();
        var rank = pictures.OrderBy(shown => shown.cell.Metadata["gallery"] is not null ? 0 : shown.data!.All(d => !d.Key.EndsWith("+json", StringComparison.Ordinal)) ? 1 : 2);
        return rank.Select(shown => PictureOf(shown.data)).FirstOrDefault();
    }

    private static string? PictureOf(JsonObject? data) => new[] { "image/png", "image/jpeg" }
        .Where(type => data?[type] is not null).Select(type => Address(type, NotebookCell.Text(data![type]))).FirstOrDefault();

    private static string Bundle(JsonObject data, JsonObject? metadata, MarkdownRenderer markdown)
    {
        foreach (var mimeType in Preference)
        {
            if (data[mimeType] is not { } content) continue;
            var text = mimeType == "application/json" ? content.ToJsonString() : NotebookCell.Text(content);
            // The page runs no scripts, so what needs one shows nothing: the next type of the bundle does better.
            if (mimeType is "text/html" or "image/svg+xml"
                && text.Contains("<script", StringComparison.OrdinalIgnoreCase))
                continue;
            return mimeType switch
            {
                "text/html" => $"<div class=\"html\">{text}</div>",
                "text/markdown" => $"<div class=\"text\">{markdown.ToHtml(text)}</div>",
                "image/svg+xml" => $"<div class=\"picture\">{text}</div>",
                "text/latex" => MarkdownRenderer.Formula(text.Trim('$', ' ', '\n'), display: true),
                "text/plain" or "application/json" => $"<pre class=\"result\">{WebUtility.HtmlEncode(text)}</pre>",
                _ => $"<div class=\"picture\"><img alt=\"\"{Width(metadata?[mimeType])} "
                    + $"src=\"{Address(mimeType, text)}\"></div>",
            };
        }
        return "";
    }

    // What was drawn for a fine screen is shown smaller than its pixels.
    private static string Width(JsonNode? metadata) =>
        metadata is JsonObject size && size["width"] is JsonValue value && value.TryGetValue<int>(out var width)
        ? $" width=\"{width}\""
        : "";

    private static string Error(JsonObject output)
    {
        var text = string.Join('\n', (output["traceback"] as JsonArray ?? []).Select(line => (string?)line));
        if (text.Length == 0) text = $"{output["ename"]}: {output["evalue"]}";
        return $"<pre class=\"error\">{WebUtility.HtmlEncode(text)}</pre>";
    }

    private static string Address(string mimeType, string base64) =>
        $"data:{mimeType};base64,{base64.ReplaceLineEndings("")}";
}

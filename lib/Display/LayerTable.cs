using System.Globalization;
using System.Net;
using System.Text;
using ImageGen.Imaging;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Display;

/// <summary>One row of a <see cref="LayerTable"/>.</summary>
/// <param name="Name">The layer's registered name, with those of the modules around it.</param>
/// <param name="Kind">Its type.</param>
/// <param name="OutputShape">The shape of what it returns, where known.</param>
/// <param name="Parameters">How many numbers it holds that can be trained.</param>
public sealed record LayerRow(string Name, string Kind, IReadOnlyList<long>? OutputShape, long Parameters);

/// <summary>A network's layers; shows itself as a table.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Rows">Its layers in order.</param>
[TypeFormatterSource(typeof(LayerTableFormatters), PreferredMimeTypes = ["text/html", "text/plain"])]
public sealed record LayerTable(string Network, IReadOnlyList<LayerRow> Rows)
{
    /// <summary>Parameters in all, each counted once where layers share them.</summary>
    public long Parameters { get; init; }

    /// <summary>Parameters that a training changes.</summary>
    public long Trainable { get; init; }

    /// <summary>The table without styles or scripts, which GitHub would strip.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder("<table><thead><tr><th>layer</th><th>kind</th>");
        var shapes = Rows.Any(row => row.OutputShape is not null);
        if (shapes) html.Append("<th>output</th>");
        html.Append("<th>parameters</th></tr></thead><tbody>");
        foreach (var row in Rows)
        {
            html.Append($"<tr><td><code>{WebUtility.HtmlEncode(row.Name)}</code></td><td>{WebUtility.HtmlEncode(row.Kind)}</td>");
            if (shapes) html.Append($"<td>{Shape(row)}</td>");
            html.Append($"<td align=\"right\">{Amount(row.Parameters)}</td></tr>");
        }
        return html.Append($"<tr><td><b>{WebUtility.HtmlEncode(Network)}</b></td><td></td>{(shapes ? "<td></td>" : "")}<td align=\"right\"><b>{Amount(Parameters)}</b></td></tr>")
            .Append($"</tbody></table><p>{Summary}</p>").ToString();
    }

    /// <summary>The table in plain text.</summary>
    public override string ToString()
    {
        List<string[]> cells = [["layer", "kind", "output", "parameters"], .. Rows.Select(row => new[] { row.Name, row.Kind, Shape(row), Amount(row.Parameters) }),
            [Network, "", "", Amount(Parameters)]];
        int[] widths = [.. Enumerable.Range(0, 4).Select(i => cells.Max(row => row[i].Length))];
        return string.Join('\n', cells.Select(row =>
            $"{row[0].PadRight(widths[0])}  {row[1].PadRight(widths[1])}  {row[2].PadRight(widths[2])}  {row[3].PadLeft(widths[3])}")) + "\n" + Summary;
    }

    private string Summary => Parameters == 0 ? "No parameters."
        : $"{Amount(Parameters)} parameters ({(Parameters * 4 / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} MB as 32-bit numbers), {(Trainable == Parameters ? "all" : Trainable == 0 ? "none" : Amount(Trainable))} trainable.";

    private static string Shape(LayerRow row) => row.OutputShape is null ? "" : $"[{string.Join(", ", row.OutputShape)}]";

    private static string Amount(long count) => count == 0 ? "–" : count.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>How a notebook shows a <see cref="LayerTable"/>.</summary>
internal sealed class LayerTableFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<LayerTable>("text/html", table => table.ToHtml()),
        new Shown<LayerTable>("text/plain", table => table.ToString()),
    ];
}

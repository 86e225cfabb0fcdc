using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using Newtonsoft.Json;
using Plotly.NET;

namespace ImageGen.Display;

/// <summary>
/// Shows charts that somebody makes with Plotly.NET itself: interactive, and as a picture where its traces are of the kinds
/// that <see cref="Chart"/> can draw.
/// </summary>
internal static class PlotlyCharts
{
    private const string Plotly = "application/vnd.plotly.v1+json", Png = "image/png", Plain = "text/plain";

    // Its assembly loads with the first chart; until then there is nothing to show and nothing to pay for.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Charts of Plotly.NET are shown without a call to this library.")]
    internal static void Watch()
    {
        AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) => Meet(loaded.LoadedAssembly);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies()) Meet(assembly);
    }

    /// <summary>The same series as a chart of ours; null where a trace is of a kind that it cannot draw.</summary>
    /// <param name="figure">Plotly's form: <c>{"data": […], "layout": {…}}</c>.</param>
    internal static Chart? FromFigure(JsonElement figure)
    {
        var series = new List<Series>();
        foreach (var trace in figure.GetProperty("data").EnumerateArray())
            if (FromTrace(trace) is { } drawn) series.Add(drawn);
            else return null;
        if (series.Count == 0 || series.Count > 1 && series.Any(s => s is HeatmapSeries)) return null;
        var layout = figure.GetProperty("layout");
        return new(series)
        {
            Title = Text(layout, "title"), XLabel = Text(layout, "xaxis", "title"), YLabel = Text(layout, "yaxis", "title"),
            LogX = Of(layout, "xaxis", "type") is { } x && x.ValueEquals("log"),
            LogY = Of(layout, "yaxis", "type") is { } y && y.ValueEquals("log"),
        };
    }

    // By the assembly at hand and not by name: it is being loaded, and asking for it again would load it again.
    private static void Meet(Assembly assembly)
    {
        if (assembly.GetName().Name != "Plotly.NET" || assembly.GetType("Plotly.NET.GenericChart") is not { } type) return;
        Formatter.Register(type, (chart, writer) => writer.Write(ToJson((GenericChart)chart)), Plotly);
        Formatter.Register(type, (chart, writer) => writer.Write(Convert.ToBase64String(Draw((GenericChart)chart).ToPng())), Png);
        Formatter.Register(type, (chart, writer) => writer.Write(Describe((GenericChart)chart)), Plain);
        Formatter.SetPreferredMimeTypesFor(type, Plotly, Png, Plain);
    }

    private static string ToJson(GenericChart chart) => JsonConvert.SerializeObject(new Dictionary<string, object>
    {
        ["data"] = GenericChart.getTraces(chart), ["layout"] = GenericChart.getLayout(chart),
    });

    private static Chart Draw(GenericChart chart)
    {
        using var figure = JsonDocument.Parse(ToJson(chart));
        return FromFigure(figure.RootElement) ?? throw new CourseException(
            "This chart has traces that are drawn by Plotly alone; scatter, bar, histogram and heatmap are drawn as a picture, too.");
    }

    private static string Describe(GenericChart chart) =>
        $"Plotly.NET chart: {string.Join(", ", GenericChart.getTraces(chart).Select(trace => trace.type))}";

    private static Series? FromTrace(JsonElement trace)
    {
        var name = Text(trace, "name");
        var (x, y) = (Numbers(trace, "x"), Numbers(trace, "y"));
        switch (trace.GetProperty("type").GetString())
        {
            case "scatter" or "scattergl" when y is not null:
                x ??= [.. Enumerable.Range(0, y.Length).Select(i => (double)i)];
                var mode = Of(trace, "mode")?.GetString() ?? "lines";
                return mode.Contains("lines") ? new LineSeries(name, x, y) : new ScatterSeries(name, x, y);
            case "bar" when y is not null:
                return new BarSeries(name, Labels(trace, "x") ?? [.. Enumerable.Range(0, y.Length).Select(i => $"{i}")], y);
            case "histogram" when x is { Length: > 0 }:
                return ((HistogramSeries)Chart.Histogram(40, (name, x)).Series[0]) with { Name = name };
            case "heatmap" when Of(trace, "z") is { } z && Rows(z) is { } values:
                return new HeatmapSeries(name, values);
            default:
                return null;
        }
    }

    private static double[,]? Rows(JsonElement z)
    {
        double[][] rows = [.. z.EnumerateArray().Select(row => row.EnumerateArray().Select(Number).ToArray())];
        if (rows.Length == 0 || rows[0].Length == 0 || rows.Any(row => row.Length != rows[0].Length)) return null;
        var values = new double[rows.Length, rows[0].Length];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows[0].Length; j++) values[i, j] = rows[i][j];
        return values;
    }

    private static double[]? Numbers(JsonElement trace, string name) =>
        Of(trace, name) is { ValueKind: JsonValueKind.Array } values && values.EnumerateArray().All(v => v.ValueKind is JsonValueKind.Number or JsonValueKind.Null)
            ? [.. values.EnumerateArray().Select(Number)] : null;

    private static string[]? Labels(JsonElement trace, string name) =>
        Of(trace, name) is { ValueKind: JsonValueKind.Array } values ? [.. values.EnumerateArray().Select(v => v.ToString())] : null;

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;

    // A title is text, or an object that holds it.
    private static string Text(JsonElement parent, params string[] path) => Of(parent, path) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Object } title => Text(title, "text"),
        _ => "",
    };

    private static JsonElement? Of(JsonElement parent, params string[] path)
    {
        JsonElement? found = parent;
        foreach (var name in path)
            found = found is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out var child) ? child : null;
        return found;
    }
}

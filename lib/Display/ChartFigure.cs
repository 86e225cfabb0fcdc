using Newtonsoft.Json;
using Plotly.NET;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>
/// The same series for Plotly, through Plotly.NET's traces and layout. Nothing else touches Plotly.NET, so its assembly
/// loads with the first chart and not with the library.
/// </summary>
internal static class ChartFigure
{
    private const string Font = "Inter, system-ui, sans-serif";

    // Not through GenericChart, which needs F#'s core library in the version that Plotly.NET was built with: a kernel that
    // brings an older one could show no chart.
    public static string ToJson(Chart chart) => JsonConvert.SerializeObject(new Dictionary<string, object>
    {
        ["data"] = chart.Series.Select((series, i) => ToTrace(series, chart, i)).ToArray(),
        ["layout"] = ToLayout(chart),
    });

    /// <summary>A figure that shows the chart's picture; made without Plotly.NET, for where its assemblies do not load.</summary>
    public static string OfPicture(Chart chart) => System.Text.Json.JsonSerializer.Serialize(new
    {
        data = Array.Empty<object>(),
        layout = new
        {
            width = chart.Width, height = chart.Height, margin = new { l = 0, r = 0, t = 0, b = 0 },
            xaxis = new { visible = false }, yaxis = new { visible = false },
            images = new[]
            {
                new
                {
                    source = "data:image/png;base64," + Convert.ToBase64String(chart.ToPng()), xref = "paper", yref = "paper",
                    x = 0, y = 1, sizex = 1, sizey = 1,
                },
            },
        },
    });

    private static Trace ToTrace(Series series, Chart chart, int index)
    {
        var color = Palette.Hex(Palette.Series[index % Palette.Series.Length]);
        var trace = series switch
        {
            LineSeries line => TraceOf("scatter", ("mode", line.Dashed || line.X.Count > 24 ? "lines" : "lines+markers"),
                ("x", Finite(Kept(line.X, line))), ("y", Finite(Kept(line.Y, line))),
                ("line", Of(("color", color), ("width", 2.25), ("dash", line.Dashed ? "dash" : "solid")))),
            ScatterSeries points => TraceOf("scatter", ("mode", "markers"), ("x", Finite(points.X)), ("y", Finite(points.Y)),
                ("marker", Of(("color", color), ("opacity", 0.8)))),
            BarSeries bars => TraceOf("bar", ("x", bars.Labels), ("y", Finite(bars.Values)), ("marker", Of(("color", color)))),
            HistogramSeries histogram => TraceOf("bar", ("x", histogram.Edges.Zip(histogram.Edges.Skip(1), (a, b) => (a + b) / 2).ToArray()),
                ("y", histogram.Counts), ("width", histogram.Edges[1] - histogram.Edges[0]),
                ("marker", Of(("color", color), ("opacity", chart.Series.Count == 1 ? 1 : 0.5)))),
            HeatmapSeries heatmap => ToHeatmap(heatmap),
            _ => throw new ArgumentException($"A chart cannot draw {series.GetType().Name}.", nameof(series)),
        };
        if (series.Name.Length > 0) trace.SetProperty("name", series.Name);
        return trace;
    }

    private static double[] Kept(IReadOnlyList<double> values, LineSeries line) =>
        [.. Thinning.Keep(line.X, line.Y).Select(i => values[i])];

    private static Trace ToHeatmap(HeatmapSeries heatmap)
    {
        var (low, high, diverging) = heatmap.ColorRange;
        SKColor[] stops = diverging ? Palette.Diverging : Palette.Rising;
        var rows = Enumerable.Range(0, heatmap.Values.GetLength(0))
            .Select(y => Enumerable.Range(0, heatmap.Values.GetLength(1)).Select(x => Finite(heatmap.Values[y, x])).ToArray()).ToArray();
        var trace = TraceOf("heatmap", ("z", rows), ("zmin", low), ("zmax", high),
            ("colorscale", stops.Select((color, i) => new object[] { (double)i / (stops.Length - 1), Palette.Hex(color) }).ToArray()),
            ("colorbar", Of(("title", Of(("text", heatmap.Name), ("side", "right"))), ("thickness", 14), ("outlinewidth", 0))));
        if (heatmap.ColumnLabels is { } columns) trace.SetProperty("x", columns);
        if (heatmap.RowLabels is { } names) trace.SetProperty("y", names);
        return trace;
    }

    private static Layout ToLayout(Chart chart)
    {
        var heatmap = chart.Series is [HeatmapSeries];
        var layout = new Layout();
        layout.SetProperty("width", chart.Width);
        layout.SetProperty("height", chart.Height);
        layout.SetProperty("title", Of(("text", chart.Title), ("x", 0.03), ("xanchor", "left"), ("font", Of(("size", 16), ("color", Palette.Hex(Palette.Ink))))));
        layout.SetProperty("font", Of(("family", Font), ("size", 12), ("color", Palette.Hex(Palette.Muted))));
        layout.SetProperty("plot_bgcolor", "#ffffff");
        layout.SetProperty("paper_bgcolor", "#ffffff");
        layout.SetProperty("margin", Of(("l", 64), ("r", 24), ("t", chart.Title.Length > 0 || chart.Series.Count > 1 ? 72 : 24), ("b", 56)));
        layout.SetProperty("showlegend", chart.Series.Count > 1);
        layout.SetProperty("legend", Of(("orientation", "h"), ("x", 0), ("y", 1.02), ("yanchor", "bottom")));
        layout.SetProperty("barmode", chart.Series.Any(series => series is HistogramSeries) ? "overlay" : "group");
        layout.SetProperty("xaxis", Axis(chart.XLabel, chart.LogX, heatmap));
        layout.SetProperty("yaxis", Axis(chart.YLabel, chart.LogY, heatmap));
        if (heatmap) ((DynamicObj.DynamicObj)layout.GetPropertyValue("yaxis")).SetProperty("autorange", "reversed");
        return layout;
    }

    // JSON has no NaN; null leaves a gap.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static double?[] Finite(IReadOnlyList<double> values) => [.. values.Select(Finite)];

    private static DynamicObj.DynamicObj Axis(string label, bool log, bool heatmap) => Of(
        ("title", Of(("text", label))), ("type", log ? "log" : "-"), ("showgrid", !heatmap), ("gridcolor", Palette.Hex(Palette.Rule)),
        ("linecolor", Palette.Hex(Palette.Axis)), ("zeroline", false), ("automargin", true));

    private static DynamicObj.DynamicObj Of(params (string Name, object Value)[] properties) => With(new DynamicObj.DynamicObj(), properties);

    private static Trace TraceOf(string type, params (string Name, object Value)[] properties) => With(new Trace(type), properties);

    private static T With<T>(T target, (string Name, object Value)[] properties) where T : DynamicObj.DynamicObj
    {
        foreach (var (name, value) in properties) target.SetProperty(name, value);
        return target;
    }
}

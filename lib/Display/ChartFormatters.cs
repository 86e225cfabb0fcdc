using ImageGen.Imaging;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Display;

/// <summary>How a notebook shows a <see cref="Chart"/>. No text/html: GitHub would prefer it and strip its script.</summary>
internal sealed class ChartFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<Chart>("application/vnd.plotly.v1+json", PlotlyOrPicture),
        new Shown<Chart>("image/png", chart => Convert.ToBase64String(chart.ToPng())),
    ];

    // A front end that knows Plotly asks for nothing else: where its form cannot be made, it gets a figure of the picture alone.
    private static string PlotlyOrPicture(Chart chart)
    {
        try { return chart.ToPlotly(); }
        catch (Exception error) when (error is TypeLoadException or MissingMethodException or FileNotFoundException or FileLoadException)
        {
            return ChartFigure.OfPicture(chart);
        }
    }
}

/// <summary>How a notebook shows a <see cref="Drawing"/>.</summary>
internal sealed class DrawingFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<Drawing>("image/png", drawing => Convert.ToBase64String(drawing.ToPng())),
        new Shown<Drawing>("text/plain", drawing => drawing.ToString()),
    ];
}

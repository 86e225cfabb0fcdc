using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;

namespace ImageGen.Display;

/// <summary>What a notebook's first cell calls.</summary>
public static class Notebook
{
    private static readonly Type[] Plain =
        [typeof(bool), typeof(int), typeof(long), typeof(float), typeof(double), typeof(decimal), typeof(Enum)];

    private static int started;

    /// <summary>
    /// Teaches the notebook to show TorchSharp's own types: tensors as pictures, grids or cards, modules as tables of
    /// layers. Calling it again does nothing.
    /// </summary>
    public static void Start()
    {
        if (Interlocked.Exchange(ref started, 1) == 1) return;
        // .NET Interactive shows these as HTML alone, of which a page on GitHub shows nothing.
        foreach (var type in Plain) Formatter.SetPreferredMimeTypesFor(type, "text/plain");
        // Our kernel asks here how to put an error in words; to any other this is a note that nobody reads.
        AppContext.SetData("Notebook.ExplainError", (Func<Exception, string?>)NativeLibraries.Explain);
        Formatter.Register<torch.Tensor>(tensor => Convert.ToBase64String(TensorDisplay.ToPng(tensor)), "image/png");
        Formatter.Register<torch.Tensor>(TensorDisplay.ToText, "text/plain");
        Formatter.SetPreferredMimeTypesFor(typeof(torch.Tensor), "image/png", "text/plain");
        Formatter.Register<torch.nn.Module>(module => Layers.Table(module).ToHtml(), "text/html");
        Formatter.Register<torch.nn.Module>(module => Layers.Table(module).ToString(), "text/plain");
        Formatter.SetPreferredMimeTypesFor(typeof(torch.nn.Module), "text/html", "text/plain");
    }
}

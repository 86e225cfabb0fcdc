using System.Text.RegularExpressions;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Pages;

namespace ImageGen.Course.Pages;

/// <summary>
/// Turns the formulas of a notebook's text into MathML, which browsers draw by themselves: no MathJax, no network.
/// </summary>
internal static partial class SlideMath
{
    /// <summary>Changes every text cell of <paramref name="notebook"/>.</summary>
    public static void Convert(Notebook notebook)
    {
        foreach (var cell in notebook.Cells.Where(cell => cell.Kind == CellKind.Markdown))
            cell.Source = Convert(cell.Source);
    }

    /// <summary>
    /// Formulas between one or two dollar signs, outside code; one that is not understood stays as it is.
    /// </summary>
    public static string Convert(string markdown) => Formula().Replace(markdown, match =>
    {
        var display = match.Groups["display"];
        if (!display.Success && !match.Groups["inline"].Success) return match.Value;
        var latex = display.Success ? display.Value : match.Groups["inline"].Value;
        return MathMl.Render(latex.Trim(), display.Success) is { } math ? Shield(math) : match.Value;
    });

    // Between the tags the text is still Markdown, where these signs mean something else.
    private static string Shield(string math) =>
        Markup().Replace(math.ReplaceLineEndings(" "), sign => $"&#{(int)sign.Value[0]};");

    [GeneratedRegex(@"```.*?```|`[^`]*`|\$\$(?<display>.+?)\$\$|(?<![\\$])\$(?<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])", RegexOptions.Singleline)]
    private static partial Regex Formula();

    [GeneratedRegex(@"(?<=>[^<]*)[*_`\[\]|~\\](?=[^>]*<)")]
    private static partial Regex Markup();
}

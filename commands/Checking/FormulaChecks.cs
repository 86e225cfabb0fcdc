using ImageGen.Course.Notebooks;
using ImageGen.Course.Pages;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Syntax;

namespace ImageGen.Course.Checking;

/// <summary>A formula that cannot be set would stand on the page as raw LaTeX.</summary>
internal static class FormulaChecks
{
    /// <summary>Every formula of a notebook's text that our MathML does not know.</summary>
    public static IEnumerable<Finding> Run(CheckedNotebook notebook)
    {
        foreach (var (cell, place) in notebook.Notebook.Cells.Select((cell, i) => (cell, i + 1)))
            foreach (var latex in cell.Kind == CellKind.Markdown ? Unset(cell.Source) : [])
                yield return notebook.Found($"the formula {Short(latex)} cannot be set", "Write it with what "
                    + "commands/Pages/MathMl knows, or teach it", place);
    }

    /// <summary>The formulas in a text that cannot be set.</summary>
    internal static IEnumerable<string> Unset(string markdown)
    {
        var document = Markdown.Parse(markdown, MarkdownRenderer.Pipeline);
        return document.Descendants<MathInline>().Select(inline => inline.Content.ToString())
            .Concat(document.Descendants<MathBlock>().Select(block => block.Lines.ToString()))
            .Where(latex => MathMl.Render(latex, display: true) is null);
    }

    private static string Short(string latex) =>
        latex.Trim() is { Length: > 60 } text ? text[..57] + "…" : latex.Trim();
}

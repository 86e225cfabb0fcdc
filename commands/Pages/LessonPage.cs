using System.Globalization;
using System.Net;
using System.Text;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace ImageGen.Course.Pages;

/// <summary>An executed notebook as one HTML file that needs nothing else: no scripts, no network.</summary>
internal static class LessonPage
{
    /// <summary>Makes the page.</summary>
    /// <param name="lesson">Which lesson it is.</param>
    /// <param name="notebook">The notebook with its outputs.</param>
    /// <param name="pageFolder">Where the page will lie, for its links.</param>
    public static string ToHtml(Lesson lesson, Notebook notebook, string pageFolder)
    {
        var markdown = new MarkdownRenderer(lesson.Folder, pageFolder);
        var body = new StringBuilder();
        foreach (var cell in notebook.Cells)
            body.Append(cell.Kind switch
            {
                CellKind.Markdown =>
                    $"<section class=\"text\">\n{markdown.ToHtml(cell.Source, cell.Attachments)}</section>\n",
                CellKind.Code => CodeCell(cell, markdown),
                _ => $"<section class=\"text\"><pre>{WebUtility.HtmlEncode(cell.Source)}</pre></section>\n",
            });
        var title = notebook.Title ?? lesson.Name;
        return Page.Html(title, $"""
            <nav class="top"><a href="{(lesson.IsSolution ? "../" : "")}index.html">All lessons</a><span>{WebUtility.HtmlEncode(lesson.DisplayName)}</span></nav>
            <div class="columns">
            {Contents(notebook)}
            <main>
            {body}</main>
            </div>
            <footer>{Footer(notebook)}</footer>
            """);
    }

    private static string CodeCell(NotebookCell cell, MarkdownRenderer markdown)
    {
        var seconds = (double?)cell.OwnMetadata?["seconds"] ?? 0;
        var time = seconds >= 1
            ? $"<span class=\"time\">{RunSummary.Seconds(TimeSpan.FromSeconds(seconds))}</span>"
            : "";
        var outputs = string.Concat(
            cell.Outputs.Select(
                output =>
                    OutputRenderer.ToHtml(output!.AsObject(), markdown) is { Length: > 0 } html ? html + "\n" : ""));
        return $"""
            <section class="code">
            <div class="source"><span class="count">{cell.ExecutionCount?.ToString(CultureInfo.InvariantCulture)}</span>{time}<pre><code>{CodeHighlighter.ToHtml(cell.Source)}</code></pre></div>
            {(outputs.Length > 0 ? $"<div class=\"outputs\">\n{outputs}</div>" : "")}
            </section>

            """;
    }

    // The headings of the second level, beside the text where the window is wide enough.
    private static string Contents(Notebook notebook)
    {
        var items = new StringBuilder();
        foreach (var cell in notebook.Cells.Where(cell => cell.Kind == CellKind.Markdown))
            foreach (
                var heading in Markdown.Parse(cell.Source, MarkdownRenderer.Pipeline).Descendants<HeadingBlock>()
                    .Where(h => h.Level == 2))
                items.Append($"<li><a href=\"#{heading.GetAttributes().Id}\">{WebUtility.HtmlEncode(PlainText(heading))}</a></li>\n");
        return items.Length == 0 ? "<aside></aside>" : $"<aside><ol>\n{items}</ol></aside>";
    }

    private static string PlainText(HeadingBlock heading) =>
        heading.Inline is null ? "" : string.Concat(heading.Inline.Descendants().Select(inline => inline switch
    {
        LiteralInline literal => literal.Content.ToString(),
        CodeInline code => code.Content,
        _ => "",
    }));

    private static string Footer(Notebook notebook) => RunRecord.Of(notebook) is not { } run ? "" :
        $"Executed at {run.Scale.ToString().ToLowerInvariant()} scale in "
            + $"{RunSummary.Seconds(TimeSpan.FromSeconds(run.Seconds))}"
        + (run.PeakBytes > 0 ? $", with {RunSummary.Memory(run.PeakBytes)} of memory at most." : ".");
}

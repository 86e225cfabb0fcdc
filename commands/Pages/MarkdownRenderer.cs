using System.Net;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace ImageGen.Course.Pages;

/// <summary>
/// Turns a notebook's text into HTML that needs nothing else: pictures inline, formulas as MathML, links set right.
/// </summary>
/// <param name="folder">The notebook's folder, to which its pictures and links are relative.</param>
/// <param name="linkFrom">The folder of the page, to which its links will be.</param>
internal sealed class MarkdownRenderer(string folder, string linkFrom)
{
    /// <summary>Notebooks' Markdown: GitHub's, with formulas between dollars.</summary>
    public static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UseAutoIdentifiers(Markdig.Extensions.AutoIdentifiers.AutoIdentifierOptions.GitHub)
        .UsePipeTables().UseTaskLists().UseFootnotes().UseAutoLinks().UseEmphasisExtras().UseMathematics()
            .UseGenericAttributes()
        .Build();

    /// <summary>Text as HTML.</summary>
    /// <param name="markdown">The text.</param>
    /// <param name="attachments">The cell's own pictures.</param>
    public string ToHtml(string markdown, JsonObject? attachments = null)
    {
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var link in document.Descendants<LinkInline>())
            link.Url = link.IsImage ? Picture(link.Url, attachments) : Link(link.Url);
        using var text = new StringWriter();
        var renderer = new HtmlRenderer(text);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathInlineRenderer>(new InlineMath());
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathBlockRenderer>(new BlockMath());
        renderer.ObjectRenderers.ReplaceOrAdd<CodeBlockRenderer>(new Code());
        renderer.Render(document);
        return text.ToString();
    }

    private string? Picture(string? url, JsonObject? attachments)
    {
        if (url is null || url.Contains("://") || url.StartsWith("data:", StringComparison.Ordinal)) return url;
        if (url.StartsWith("attachment:", StringComparison.Ordinal))
            return attachments?[Uri.UnescapeDataString(url["attachment:".Length..])] is JsonObject types
                && types.FirstOrDefault() is { Key: { } type } picture
                ? $"data:{type};base64,{NotebookCell.Text(picture.Value).Replace("\n", "")}"
                : url;
        var file = Path.GetFullPath(Uri.UnescapeDataString(url), folder);
        return File.Exists(file) && MimeTypeOf(file) is { } mimeType
            ? $"data:{mimeType};base64,{Convert.ToBase64String(File.ReadAllBytes(file))}"
            : url;
    }

    // A lesson's notebook becomes the lesson's page; every other file is linked where it lies.
    private string? Link(string? url)
    {
        if (string.IsNullOrEmpty(url) || url.Contains(':') || url.StartsWith('#')) return url;
        var (path, anchor) = url.IndexOf('#') is >= 0 and var at ? (url[..at], url[at..]) : (url, "");
        if (path.EndsWith(".ipynb", StringComparison.Ordinal)) return path[..^".ipynb".Length] + ".html" + anchor;
        return Path.GetRelativePath(linkFrom, Path.GetFullPath(Uri.UnescapeDataString(path), folder))
            .Replace('\\', '/') + anchor;
    }

    private static string? MimeTypeOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".webp" => "image/webp",
        ".gif" => "image/gif",
        ".svg" => "image/svg+xml",
        _ => null,
    };

    /// <summary>A formula: MathML, or as it is written where that is not possible.</summary>
    public static string Formula(string latex, bool display) => MathMl.Render(latex, display)
        ?? (
            display
                ? $"<pre class=\"formula\">{WebUtility.HtmlEncode(latex.Trim())}</pre>"
                : $"<code class=\"formula\">{WebUtility.HtmlEncode(latex)}</code>");

    private sealed class InlineMath : HtmlObjectRenderer<MathInline>
    {
        protected override void Write(HtmlRenderer renderer, MathInline inline)
        {
            var display = inline.DelimiterCount == 2;
            renderer.Write(Formula(inline.Content.ToString(), display));
        }
    }

    private sealed class BlockMath : HtmlObjectRenderer<MathBlock>
    {
        protected override void Write(HtmlRenderer renderer, MathBlock block) =>
            renderer.Write($"<div class=\"formula\">{Formula(block.Lines.ToString(), display: true)}</div>");
    }

    private sealed class Code : HtmlObjectRenderer<CodeBlock>
    {
        protected override void Write(HtmlRenderer renderer, CodeBlock block)
        {
            var code = block.Lines.ToString();
            var isCSharp = (block as FencedCodeBlock)?.Info is "csharp" or "cs" or "c#";
            renderer.Write($"<pre class=\"listing\"><code>{(isCSharp ? CodeHighlighter.ToHtml(code) : WebUtility.HtmlEncode(code))}</code></pre>");
        }
    }
}

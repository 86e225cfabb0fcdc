using System.Text.RegularExpressions;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Pages;
using ImageGen.Runtime;
using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace ImageGen.Course.Checking;

/// <summary>Relative links and anchors, in the text of notebooks and in Markdown files, lead somewhere.</summary>
internal sealed partial class LinkChecks(string root)
{
    private static readonly string[] NotOurs = ["bin", "obj", "out", "node_modules"];
    private readonly Dictionary<string, HashSet<string>> anchors = [];

    public IEnumerable<Finding> Run(IReadOnlyList<CheckedNotebook> notebooks)
    {
        foreach (var notebook in notebooks)
            foreach (
                var (cell, place) in notebook.Notebook.Cells.Select((cell, i) => (cell, i + 1)).Where(
                    c => c.cell.Kind == CellKind.Markdown))
                foreach (
                    var broken in Broken(
                        cell.Source, notebook.Lesson.Path, cell.Attachments?.Select(a => a.Key).ToHashSet() ?? []))
                    yield return notebook.Found($"the link {broken} leads nowhere", "Correct it", place);
        foreach (var file in Pages(root))
            foreach (var broken in Broken(File.ReadAllText(file), file, []))
                yield return new Finding(
                    Path.GetRelativePath(root, file).Replace('\\', '/'), null, $"the link {broken} leads nowhere",
                    "Correct it");
    }

    private static IEnumerable<string> Pages(string folder) => Directory.EnumerateFiles(folder, "*.md")
        .Concat(Directory.EnumerateDirectories(folder)
            .Where(sub => Path.GetFileName(sub) is var name && !name.StartsWith('.') && !NotOurs.Contains(name))
            .SelectMany(Pages));

    private IEnumerable<string> Broken(string markdown, string file, HashSet<string> attachments)
    {
        var document = Markdown.Parse(markdown, MarkdownRenderer.Pipeline);
        var html = document.Descendants<HtmlBlock>().Select(block => block.Lines.ToString()).Concat(
            document.Descendants<HtmlInline>().Select(inline => inline.Tag));
        var links = document.Descendants<LinkInline>().Select(link => link.Url ?? "").Concat(
            html.SelectMany(text => Address().Matches(text).Select(match => match.Groups[1].Value)));
        return links.Where(link => !LeadsSomewhere(link, file, attachments)).Distinct();
    }

    private bool LeadsSomewhere(string link, string file, HashSet<string> attachments)
    {
        if (link.StartsWith("attachment:", StringComparison.Ordinal))
            return attachments.Contains(Uri.UnescapeDataString(link["attachment:".Length..]));
        if (link.Contains(':') || link.StartsWith("//", StringComparison.Ordinal)) return true;
        var (path, anchor) = link.IndexOf('#') is >= 0 and var at
            ? (link[..at], Uri.UnescapeDataString(link[(at + 1)..]))
            : (link, "");
        var target = path.Length == 0
            ? file
            : Path.GetFullPath(Uri.UnescapeDataString(path.Split('?')[0]), Path.GetDirectoryName(file)!);
        if (!File.Exists(target) && !Directory.Exists(target)) return false;
        return anchor.Length == 0 || Path.GetExtension(target) is not (".md" or ".ipynb")
            || Anchors(target).Contains(anchor);
    }

    // GitHub's form of a heading (small letters), and Jupyter's (spaces become hyphens).
    private HashSet<string> Anchors(string file)
    {
        if (anchors.TryGetValue(file, out var known)) return known;
        var found = new HashSet<string>();
        foreach (var text in Texts(file))
            foreach (var heading in Markdown.Parse(text, MarkdownRenderer.Pipeline).Descendants<HeadingBlock>())
            {
                if (heading.GetAttributes().Id is { } id) found.Add(id);
                found.Add(
                    text.Substring(heading.Span.Start, heading.Span.Length).Split('\n')[0].TrimStart('#', ' ').Trim()
                        .Replace(' ', '-'));
            }
        return anchors[file] = found;
    }

    private static IEnumerable<string> Texts(string file)
    {
        if (Path.GetExtension(file) == ".md") return [File.ReadAllText(file)];
        try { return Notebook.Read(file).Cells.Where(cell => cell.Kind == CellKind.Markdown).Select(cell => cell.Source); }
        catch (CourseException) { return []; } // Reported as a finding of its own.
    }

    [GeneratedRegex("""\b(?:href|src)\s*=\s*["']([^"']*)["']""", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}

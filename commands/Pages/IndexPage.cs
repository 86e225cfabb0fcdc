using System.Net;
using System.Text;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;
using ImageGen.Runtime;

namespace ImageGen.Course.Pages;

/// <summary>
/// The page that leads to the lessons' pages: all that lie in the output folder, from this run and earlier ones.
/// </summary>
internal static class IndexPage
{
    /// <summary>Makes the page for an output folder.</summary>
    public static string ToHtml(string output)
    {
        var body = new StringBuilder("""
            <main class="index">
            <h1>Image generation in C#</h1>
            <p>The executed lessons. Each page stands alone: it needs no network and no scripts.</p>

            """);
        AppendCards(body, output, "");
        if (Directory.Exists(Path.Combine(output, "solutions")))
        {
            body.Append("<h2>Solutions</h2>\n");
            AppendCards(body, Path.Combine(output, "solutions"), "solutions/");
        }
        return Page.Html("Image generation in C#", body.Append("</main>").ToString());
    }

    private static void AppendCards(StringBuilder body, string folder, string prefix)
    {
        body.Append("<div class=\"cards\">\n");
        foreach (var file in Directory.EnumerateFiles(folder, "*.ipynb").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (!File.Exists(Path.Combine(folder, name + ".html")) || Read(file) is not { } notebook) continue;
            var run = RunRecord.Of(notebook);
            var picture = OutputRenderer.Cover(notebook) is { } address
                ? $"<img alt=\"\" src=\"{address}\">"
                : $"<span>{WebUtility.HtmlEncode(name[..Math.Min(2, name.Length)])}</span>";
            var note = run is null ? "" : run.Outcome == LessonOutcome.Passed
                ? $"{RunSummary.Seconds(TimeSpan.FromSeconds(run.Seconds))} at "
                    + $"{run.Scale.ToString().ToLowerInvariant()} scale"
                : $"<b class=\"{run.Outcome.ToString().ToLowerInvariant()}\">{run.Outcome.ToString().ToLowerInvariant()}</b>";
            body.Append($"""
                <a class="card" href="{prefix}{Uri.EscapeDataString(name)}.html"><div class="cover">{picture}</div>
                <div class="caption"><strong>{WebUtility.HtmlEncode(notebook.Title ?? name)}</strong><small>{note}</small></div></a>

                """);
        }
        body.Append("</div>\n");
    }

    private static Notebook? Read(string file)
    {
        try { return Notebook.Read(file); }
        catch (CourseException) { return null; } // Someone else's file in the output folder.
    }
}

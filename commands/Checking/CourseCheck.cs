using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;
using ImageGen.Runtime;

namespace ImageGen.Course.Checking;

/// <summary>Every check on every notebook, and the links of every page of the repository.</summary>
public static class CourseCheck
{
    /// <summary>What is wrong with the course; nothing when all is well.</summary>
    public static IReadOnlyList<Finding> Run(Lessons lessons)
    {
        var findings = new List<Finding>();
        var notebooks = new List<CheckedNotebook>();
        foreach (var lesson in lessons.All)
        {
            var file = Path.GetRelativePath(lessons.Root, lesson.Path).Replace('\\', '/');
            try
            {
                var notebook = Notebook.Read(lesson.Path);
                var raw = JsonNode.Parse(File.ReadAllText(lesson.Path))!.AsObject();
                notebooks.Add(new CheckedNotebook(lesson, file, raw, notebook, new FileInfo(lesson.Path).Length));
            }
            catch (CourseException error) { findings.Add(new Finding(file, null, error.Message.TrimEnd('.'), "Restore the file with git")); }
        }
        findings.AddRange(StructureChecks.Order(lessons));
        findings.AddRange(StructureChecks.FirstCells(notebooks));
        foreach (var notebook in notebooks)
        {
            findings.AddRange(StructureChecks.Metadata(notebook));
            findings.AddRange(StructureChecks.CellLength(notebook));
            findings.AddRange(FormulaChecks.Run(notebook));
            findings.AddRange(UpstreamChecks.Run(notebook));
            findings.AddRange(OutputChecks.Fresh(notebook));
            findings.AddRange(OutputChecks.Visible(notebook));
            findings.AddRange(OutputChecks.Size(notebook));
            findings.AddRange(OutputChecks.Impersonal(notebook, lessons.Root));
        }
        findings.AddRange(new LinkChecks(lessons.Root).Run(notebooks));
        return [.. findings.OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Cell ?? 0)];
    }
}

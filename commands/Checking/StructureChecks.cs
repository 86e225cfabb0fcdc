using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;

namespace ImageGen.Course.Checking;

/// <summary>Checks on how notebooks are made.</summary>
internal static class StructureChecks
{
    private const int MostLines = 20;
    private const int MostLinesOfFirstCell = 6;
    private static readonly string[] SlideTypes = ["slide", "subslide", "fragment", "skip", "notes", "-"];

    /// <summary>Lessons are numbered 00, 01, … without a gap, and each solution has its lesson.</summary>
    public static IEnumerable<Finding> Order(Lessons lessons)
    {
        var numbers = lessons.All.Where(lesson => !lesson.IsSolution).ToArray();
        for (var i = 0; i < numbers.Length; i++)
            if (numbers[i].Number != i)
            {
                yield return new Finding(
                    $"notebooks/{numbers[i].Name}.ipynb", null,
                    $"its number is {numbers[i].Number:00} where {i:00} is next",
                    "Number the lessons without gaps or repeats");
                break;
            }
        foreach (
            var solution in lessons.All.Where(
                lesson => lesson.IsSolution && numbers.All(n => n.Number != lesson.Number)))
            yield return new Finding($"notebooks/solutions/{solution.Name}.ipynb", null, $"there is no lesson "
                + $"{solution.Number:00}", "Rename the solutions after their lesson");
    }

    /// <summary>
    /// All notebooks begin with the same code cell; the solutions' differs only in lying one folder deeper.
    /// </summary>
    public static IEnumerable<Finding> FirstCells(IReadOnlyList<CheckedNotebook> notebooks)
    {
        string? first = null;
        foreach (var notebook in notebooks)
        {
            if (notebook.Code.FirstOrDefault() is not ({ } cell, var place))
            {
                yield return notebook.Found("it has no code cell", "Begin with the cell that references the library");
                continue;
            }
            var source = notebook.Lesson.IsSolution ? cell.Source.Replace("\"../../", "\"../") : cell.Source;
            first ??= source;
            if (source != first)
                yield return notebook.Found(
                    $"its first code cell differs from that of {notebooks[0].File}", "Make them the same", place);
            if (source.Split('\n').Length > MostLinesOfFirstCell)
                yield return notebook.Found(
                    $"its first code cell has more than {MostLinesOfFirstCell} lines", "Shorten it", place);
        }
    }

    /// <summary>
    /// nbformat 4.5 with our kernel's names, no widget state, and a slide for the start and for every section.
    /// </summary>
    public static IEnumerable<Finding> Metadata(CheckedNotebook notebook)
    {
        if ((int?)notebook.Raw["nbformat_minor"] < 5 || (int?)notebook.Raw["nbformat_minor"] is null)
            yield return notebook.Found(
                $"it has notebook format 4.{notebook.Raw["nbformat_minor"]}, not 4.5", notebook.Publish);
        if ((string?)notebook.Raw["metadata"]?["kernelspec"]?["name"] != ".net-csharp")
            yield return notebook.Found("its kernelspec is not .net-csharp", notebook.Publish);
        if ((string?)notebook.Raw["metadata"]?["language_info"]?["name"] != "C#")
            yield return notebook.Found(
                "its language_info is not C#, so that its code is not colored", notebook.Publish);
        if (notebook.Raw["metadata"]?["widgets"] is not null)
            yield return notebook.Found("it has widget metadata, which GitHub does not accept", notebook.Publish);
        var cells = notebook.Raw["cells"]!.AsArray();
        if (
            cells.Select(cell => (string?)cell!["id"]).Where(id => !string.IsNullOrEmpty(id)).Distinct()
                .Count() < cells.Count)
            yield return notebook.Found("not every cell has an id of its own", notebook.Publish);
        foreach (var (cell, place) in notebook.Notebook.Cells.Select((cell, i) => (cell, i + 1)))
        {
            var slide = (string?)cell.Metadata["slideshow"]?["slide_type"];
            if (slide is not null && !SlideTypes.Contains(slide))
                yield return notebook.Found(
                    $"it has the slide type '{slide}'", $"The types are {string.Join(", ", SlideTypes)}", place);
            // A cell without a type goes on with the slide before it; a section begins one.
            var begins = place == 1
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                            || cell.Kind == CellKind.Markdown && (
                                                                cell.Source.StartsWith("# ", StringComparison.Ordinal)
                                                                   
                                                                       
                                                                           
                                                                               
                                                                                   
                                                                                        || cell.Source.StartsWith(
                                                                                            "## ",
                                                                                            StringComparison.Ordinal));
            if (begins && slide is not ("slide" or "subslide" or "skip"))
                yield return notebook.Found(
                    "it begins a section and no slide", "Set its metadata.slideshow.slide_type to slide", place);
        }
    }

    /// <summary>A cell is short enough to be read at a glance.</summary>
    public static IEnumerable<Finding> CellLength(CheckedNotebook notebook)
    {
        foreach (var (cell, place) in notebook.Code)
            if (cell.Source.TrimEnd().Split('\n').Length is > MostLines and var lines)
                yield return notebook.Found($"it has {lines} lines, and {MostLines} are the most", "Split it, or move "
                    + "code into the library", place);
    }
}

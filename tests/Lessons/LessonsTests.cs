using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Course.Setup;
using ImageGen.Kernel.Jupyter;
using ImageGen.Runtime;

namespace ImageGen.Tests;

/// <summary>The course as a student, an instructor and a reader meet it.</summary>
[Collection("Alone")]
public sealed partial class LessonsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Every_lesson_runs_from_the_first_cell_to_the_last()
    {
        using var folder = new TemporaryFolder();
        var result = await CourseProcess.CourseAsync(Long, "run", "--scale", "smoke", "--output", folder.Path);
        result.Succeeded();
        foreach (var lesson in Committed("notebooks"))
        {
            var executed = JsonNode.Parse(File.ReadAllText(folder[Path.GetFileName(lesson)]))!;
            Assert.All(Code(executed), cell => Assert.NotNull(cell["execution_count"]));
            Assert.DoesNotContain(Code(executed).SelectMany(Outputs), output => (string?)output["output_type"] == "error");
            Assert.Contains("data:image/png;base64,", File.ReadAllText(folder[Path.ChangeExtension(Path.GetFileName(lesson), ".html")]));
        }
        Assert.True(File.Exists(folder["index.html"]));
    }

    [Fact]
    public async Task Every_solution_passes_its_own_checks()
    {
        using var folder = new TemporaryFolder();
        (await CourseProcess.CourseAsync(Long, "run", "--solutions", "--scale", "smoke", "--output", folder.Path)).Succeeded();
        var solutions = Committed("notebooks/solutions");
        var lessons = Committed("notebooks");
        Assert.Equal(lessons.Select(Path.GetFileName), solutions.Select(Path.GetFileName));
        foreach (var (lesson, solution) in lessons.Zip(solutions)) Assert.Equal(Checks(lesson), Checks(solution));
    }

    [Fact]
    public async Task The_committed_notebooks_have_nothing_to_complain_about() =>
        (await CourseProcess.CourseAsync(Long, "check")).Succeeded();

    [Fact]
    public async Task EveryNotebookShowsTheSameOnTheArchivedKernel() =>
        (await CourseProcess.CourseAsync(Long, "check", "--upstream")).Succeeded();

    // GitHub and nbviewer show what is left when scripts are gone.
    [Fact]
    public async Task Converted_and_without_scripts_every_picture_is_still_there()
    {
        using var folder = new TemporaryFolder();
        var converter = SystemPackages.Ensure(() => JupyterPrograms.NbConvert(systemFirst: true), "Jupyter's nbconvert", "jupyter-nbconvert");
        foreach (var path in Committed("notebooks").Concat(Committed("notebooks/solutions")))
        {
            var page = folder[Path.GetFileName(path) + ".html"];
            (await CourseProcess.RunAsync(Long, converter, "--to", "html", path, "--output", page)).Succeeded();
            var html = Scripts().Replace(File.ReadAllText(page), "");
            var pictures = Code(JsonNode.Parse(File.ReadAllText(path))!).SelectMany(Outputs).Select(output => (string?)Text(output["data"]?["image/png"])).OfType<string>().ToList();
            Assert.All(pictures, picture => Assert.Contains(picture[..120].Replace("\n", ""), html.Replace("\n", "")));
            Assert.Equal(pictures.Count, OutputPictures().Count(html));
            if (!path.Contains("solutions")) Assert.NotEmpty(pictures);
        }
    }

    private static List<string> Committed(string folder) =>
        [.. Directory.GetFiles(Path.Combine(Folders.Root, folder), "*.ipynb").Order(StringComparer.Ordinal)];

    private static IEnumerable<JsonNode> Code(JsonNode notebook) =>
        notebook["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "code")!;

    private static IEnumerable<JsonNode> Outputs(JsonNode cell) => cell["outputs"]!.AsArray()!;

    private static string? Text(JsonNode? node) => node is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)node;

    private static int Checks(string path) =>
        Code(JsonNode.Parse(File.ReadAllText(path))!).Count(cell => Text(cell["source"])!.Contains("Check."));

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Scripts();

    [GeneratedRegex("<img[^>]*src=\"data:image/png;base64,", RegexOptions.Singleline)]
    private static partial Regex OutputPictures();
}

using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ImageGen.Tests.Commands;

/// <summary>A throw-away course in a temporary folder, and the course's own program to run on it.</summary>
internal sealed class TestCourse : IDisposable
{
    public const string FirstCell = "using System.IO;";

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "ImageGen.Course.dll");

    public TestCourse() => Directory.CreateDirectory(Path.Combine(Root, "notebooks"));

    public string Root { get; } = Directory.CreateTempSubdirectory("imagegen-course-").FullName;

    /// <summary>Variables of the environment that the program is started with.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public string Out => Path.Combine(Root, "out");

    /// <summary>Writes a notebook of a text cell and code cells, as a person would: no outputs, ids or language yet.</summary>
    public string Notebook(string name, params string[] cells) => Notebook(name, "# A lesson\n\nWords.", cells);

    public string Notebook(string name, string text, string[] cells)
    {
        var all = new JsonArray { Cell("markdown", text) };
        foreach (var cell in cells) all.Add((JsonNode)Cell("code", cell));
        return Raw(name, new JsonObject { ["cells"] = all, ["metadata"] = new JsonObject(), ["nbformat"] = 4, ["nbformat_minor"] = 5 }.ToJsonString());
    }

    public string Raw(string name, string content)
    {
        var path = Path.Combine(Root, "notebooks", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Reads a notebook, lets a change be made and writes it back.</summary>
    public static void Change(string path, Action<JsonObject> change)
    {
        var notebook = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(notebook);
        File.WriteAllText(path, notebook.ToJsonString());
    }

    public async Task<CourseRun> Run(params string[] arguments)
    {
        using var process = Start(arguments);
        return await Finish(process);
    }

    public Process Start(params string[] arguments)
    {
        var start = Dotnet.With([Program, .. arguments, "--root", Root]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = Root;
        foreach (var variable in new[] { "IMAGEGEN_SCALE", "IMAGEGEN_CONTENT", "IMAGEGEN_STYLE" }) start.Environment.Remove(variable);
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<CourseRun> Finish(Process process)
    {
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CourseRun(process.ExitCode, await output, await errors);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static JsonObject Cell(string type, string source)
    {
        var cell = new JsonObject { ["cell_type"] = type, ["source"] = source, ["metadata"] = new JsonObject { ["slideshow"] = new JsonObject { ["slide_type"] = "slide" } } };
        if (type == "code") (cell["outputs"], cell["execution_count"]) = (new JsonArray(), null);
        return cell;
    }
}

/// <summary>How a run of the program ended.</summary>
internal sealed record CourseRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The one line that it said on standard error.</summary>
    public string Line
    {
        get
        {
            var line = Errors.TrimEnd('\n');
            Assert.DoesNotContain('\n', line);
            Assert.DoesNotContain("   at ", line);
            return line;
        }
    }
}

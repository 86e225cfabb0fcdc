using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;

namespace ImageGen.Tests.Commands;

/// <summary><c>./course run</c> as a person meets it: a process, its exit code, what it says and what it writes.</summary>
public sealed class RunTests : IDisposable
{
    private readonly TestCourse course = new();

    public void Dispose() => course.Dispose();

    [Fact]
    public async Task A_run_writes_notebooks_pages_and_an_index_and_ends_with_a_table()
    {
        course.Notebook("00-first.ipynb", TestCourse.FirstCell, "var n = 20;", "Console.WriteLine(\"hello\");\nn + 1", "display(1).Update(\"final\");");
        course.Notebook("01-second.ipynb", TestCourse.FirstCell, "Environment.GetEnvironmentVariable(\"IMAGEGEN_SCALE\")", "Directory.GetCurrentDirectory()");
        var run = await course.Run("run", "--scale", "smoke");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal("", run.Errors);
        Assert.Contains("01-second", run.Output);
        Assert.Contains("passed", run.Output);

        var first = Notebook.Read(Path.Combine(course.Out, "00-first.ipynb"));
        var cells = first.CodeCells.ToArray();
        Assert.Equal([1, 2, 3, 4], cells.Select(cell => cell.ExecutionCount!.Value));
        Assert.Equal(["stream", "execute_result"], cells[2].Outputs.Select(o => (string)o!["output_type"]!));
        Assert.Equal("final", NotebookCell.Text(Assert.Single(cells[3].Outputs)!["data"]!["text/plain"]));
        var second = Notebook.Read(Path.Combine(course.Out, "01-second.ipynb")).CodeCells.ToArray();
        Assert.Equal("smoke", NotebookCell.Text(second[1].Outputs[0]!["data"]!["text/plain"]));
        Assert.Equal(Path.Combine(course.Root, "notebooks"), NotebookCell.Text(second[2].Outputs[0]!["data"]!["text/plain"]));

        var page = File.ReadAllText(Path.Combine(course.Out, "00-first.html"));
        Assert.Contains("hello", page);
        Assert.DoesNotContain("<script", page);
        Assert.Contains("01-second.html", File.ReadAllText(Path.Combine(course.Out, "index.html")));
        Assert.Empty(Directory.EnumerateFiles(course.Out, "*.part"));
        // The committed notebook is not touched.
        Assert.Empty(Notebook.Read(Path.Combine(course.Root, "notebooks", "00-first.ipynb")).CodeCells.SelectMany(cell => cell.Outputs));
    }

    [Fact]
    public async Task A_failing_cell_names_lesson_cell_and_line_and_the_other_lessons_run()
    {
        course.Notebook("00-bad.ipynb", TestCourse.FirstCell, "var a = 1;\nthrow new InvalidOperationException(\"no luck\");", "Console.Write(\"never\");");
        course.Notebook("01-good.ipynb", TestCourse.FirstCell, "1");
        var run = await course.Run("run");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("00-bad, cell [2] (the 3rd of the notebook), line 2: InvalidOperationException: no luck", run.Line);
        Assert.True(File.Exists(Path.Combine(course.Out, "01-good.html")));
        Assert.Contains("no luck", File.ReadAllText(Path.Combine(course.Out, "00-bad.html")));
        Assert.Null(Notebook.Read(Path.Combine(course.Out, "00-bad.ipynb")).CodeCells.Last().ExecutionCount);
    }

    [Fact]
    public async Task A_cell_that_never_ends_is_stopped_by_the_timeout()
    {
        course.Notebook("00-slow.ipynb", TestCourse.FirstCell, "while (true) { }");
        var run = await course.Run("run", "--timeout", "3");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("cell [2]", run.Line);
        Assert.Contains("longer than 3 s", run.Line);
    }

    [Theory]
    [InlineData("Environment.FailFast(\"broken beyond repair\");", "broken beyond repair")]
    [InlineData("Environment.Exit(0);", "Environment.Exit")]
    [InlineData("int Down(int n) => Down(n + 1) + 1;\nDown(0)", "Stack overflow")]
    [InlineData("[System.Runtime.InteropServices.DllImport(\"libc\")] static extern nint strlen(nint text);\nstrlen(1)", "process ended")]
    public async Task A_process_that_dies_fails_its_lesson_alone(string code, string message)
    {
        course.Notebook("00-crash.ipynb", TestCourse.FirstCell, code);
        course.Notebook("01-good.ipynb", TestCourse.FirstCell, "1");
        var run = await course.Run("run");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("00-crash, cell [2]", run.Line);
        Assert.Contains(message, run.Line);
        Assert.True(File.Exists(Path.Combine(course.Out, "01-good.html")));
    }

    [Fact]
    public async Task Chatter_on_the_processs_own_streams_stays_out_of_the_notebook()
    {
        course.Notebook("00-chatter.ipynb", TestCourse.FirstCell,
            "using System.Runtime.InteropServices;\n[DllImport(\"libc\")] static extern nint write(int fd, byte[] text, nint count);\nwrite(1, new byte[] { 123, 10 }, 2); write(2, new byte[] { 125, 10 }, 2);", "\"after\"");
        var run = await course.Run("run");
        Assert.Equal(0, run.ExitCode);
        Assert.Empty(Notebook.Read(Path.Combine(course.Out, "00-chatter.ipynb")).CodeCells.ElementAt(1).Outputs);
    }

    [Theory]
    [InlineData("{ not json", "it is not JSON (line 1)")]
    [InlineData("{\"cells\": 3}", "has no list of cells")]
    [InlineData("{\"cells\": [], \"nbformat\": 3}", "notebook format 3")]
    [InlineData("{\"cells\": [], \"nbformat\": 4, \"metadata\": {\"kernelspec\": {\"language\": \"python\"}}}", "notebook of python")]
    [InlineData("{\"cells\": [{\"cell_type\": \"code\", \"source\": \"1\", \"metadata\": {\"polyglot_notebook\": {\"kernelName\": \"fsharp\"}}}], \"nbformat\": 4}", "cell 1 is written in fsharp")]
    public async Task A_file_that_is_no_notebook_of_ours_is_one_line(string content, string message)
    {
        course.Raw("00-odd.ipynb", content);
        var run = await course.Run("run");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Line);
    }

    [Fact]
    public async Task A_command_line_that_makes_no_sense_is_one_line_before_anything_runs()
    {
        course.Notebook("00-first.ipynb", TestCourse.FirstCell);
        course.Raw("file", "");
        (string[] Arguments, string Message)[] cases =
        [
            (["run", "7"], "There is no lesson '7': there are 00-first."),
            (["run", "--scale", "huge"], "'huge' does not exist"),
            (["run", "--timeout", "-1"], "--timeout -1"),
            (["run", "--content", "none.png"], "--content none.png: there is no such file."),
            (["run", "--style", "none"], "--style none: there is no such file. The course has whirls, glass"),
            (["run", "--size", "20"], "--size 20: a painting's longer side has 32 to 4096 pixels."),
            (["run", "--strength", "-1"], "--strength -1: it is a number from 0"),
            (["run", "--output", Path.Combine(course.Root, "none", "a.jpg")], "its folder does not exist"),
            (["run", "--output", Path.Combine(course.Root, "notebooks", "file", "x")], "choose another with --output"),
            (["run", "--frob"], "There is no option --frob"),
            (["frob"], "There is no command 'frob'"),
            (["run", "solutions"], "There are no notebooks"),
        ];
        foreach (var (arguments, message) in cases)
        {
            var run = await course.Run(arguments);
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains(message, run.Line);
        }
        Assert.False(Directory.Exists(course.Out));
    }

    [Fact]
    public async Task Pictures_reach_the_lesson_as_absolute_paths()
    {
        File.WriteAllText(Path.Combine(course.Root, "a.png"), "");
        course.Notebook("00-own.ipynb", TestCourse.FirstCell, "Environment.GetEnvironmentVariable(\"IMAGEGEN_CONTENT\") + \"|\" + Environment.GetEnvironmentVariable(\"IMAGEGEN_STYLE\")");
        Assert.Equal(0, (await course.Run("run", "0", "--content", "a.png", "--style", "./a.png")).ExitCode);
        var path = Path.Combine(course.Root, "a.png");
        Assert.Equal($"{path}|{path}", NotebookCell.Text(Notebook.Read(Path.Combine(course.Out, "00-own.ipynb")).CodeCells.Last().Outputs[0]!["data"]!["text/plain"]));
    }

    [Fact]
    public async Task A_painting_gets_what_the_command_says_and_is_kept_as_a_file()
    {
        course.Notebook("00-own.ipynb", $"#r \"{Path.Combine(AppContext.BaseDirectory, "ImageGen.Lib.dll")}\"", "using ImageGen.Imaging; using ImageGen.Data; using ImageGen.Style;\n"
            + "var o = OwnStyleOptions.Own(\"glass\");\nCoursePictures.Kept(new Picture(2, 1, [1, 2, 3, 4, 5, 6]));\n"
            + "$\"{o.Size} {o.StyleWeight} {o.Colors} {CoursePictures.StyleNameOr(\"glass\")}\"");
        var file = Path.Combine(course.Root, "painting.png");
        var run = await course.Run("run", "0", "--style", "dots", "--size", "512", "--strength", "12.5", "--keep-colors", "--output", file);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("512 12.5 FromContent dots", NotebookCell.Text(Notebook.Read(Path.Combine(course.Out, "00-own.ipynb")).CodeCells.Last().Outputs[0]!["data"]!["text/plain"]));
        Assert.Equal(new(2, 1, [1, 2, 3, 4, 5, 6]), ImageGen.Imaging.Picture.Load(file));

        course.Notebook("00-own.ipynb", TestCourse.FirstCell);
        run = await course.Run("run", "0", "--output", file);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("00-own paints no picture to keep", run.Line);
    }

    [Fact]
    public async Task Solutions_run_with_strict_checks()
    {
        course.Notebook("00-first.ipynb", TestCourse.FirstCell);
        course.Notebook("solutions/00-first.ipynb", TestCourse.FirstCell, "Environment.GetEnvironmentVariable(\"IMAGEGEN_CHECKS\")");
        Assert.Equal(0, (await course.Run("run", "--solutions")).ExitCode);
        var solution = Notebook.Read(Path.Combine(course.Out, "solutions", "00-first.ipynb"));
        Assert.Equal("strict", NotebookCell.Text(solution.CodeCells.Last().Outputs[0]!["data"]!["text/plain"]));
        Assert.False(File.Exists(Path.Combine(course.Out, "00-first.ipynb")));
    }

    [Fact]
    public async Task CtrlC_stops_and_keeps_what_is_finished()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends a POSIX signal.");
        var mark = Path.Combine(course.Root, "started");
        course.Notebook("00-done.ipynb", TestCourse.FirstCell, "\"kept\"");
        course.Notebook("01-endless.ipynb", TestCourse.FirstCell, $"File.WriteAllText(\"{mark}\", Environment.ProcessId.ToString()); while (true) {{ }}");
        course.Notebook("02-never.ipynb", TestCourse.FirstCell);
        using var process = course.Start("run");
        var finished = TestCourse.Finish(process);
        while (!File.Exists(mark) && !finished.IsCompleted) await Task.Delay(50, TestContext.Current.CancellationToken);
        using (Process.Start("kill", ["-INT", $"{process.Id}"])) { }
        var run = await finished;
        Assert.Equal(130, run.ExitCode);
        Assert.Contains("Stopped", run.Line);
        Assert.True(File.Exists(Path.Combine(course.Out, "00-done.html")));
        Assert.False(File.Exists(Path.Combine(course.Out, "02-never.ipynb")));
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(mark)}"), "The lesson's process was left behind.");
    }
}

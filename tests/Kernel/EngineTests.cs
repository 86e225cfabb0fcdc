using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Kernel;

/// <summary>State, values, directives and the console.</summary>
public sealed class EngineTests : IDisposable
{
    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task Variables_methods_types_and_usings_live_on_in_later_cells()
    {
        await run.Ok("using System.Globalization;\nvar n = 20; int Twice(int x) => 2 * x; record Point(int X, int Y);");
        Assert.Equal("42", await run.Value("Twice(n) + new Point(2, 0).X"));
        Assert.Equal("2.5", await run.Value("2.5.ToString(CultureInfo.InvariantCulture)"));
        await run.Ok("n++;");
        Assert.Equal("21", await run.Value("n"));
        await run.Ok("var n = \"new\";");
        Assert.Equal("new", await run.Value("n"));
    }

    [Fact]
    public async Task The_usual_namespaces_are_there_without_usings()
    {
        await run.Ok("var all = new List<int> { 3, 1, 2 }.OrderBy(x => x).ToArray(); var s = new StringBuilder(); IEnumerable e = all; Task t = Task.CompletedTask;");
        Assert.Equal("1", await run.Value("all[0]"));
        Assert.Contains("'File' does not exist", (await run.Fails("File.Exists(\"x\")")).Message); // System.IO is not among them.
    }

    [Fact]
    public async Task Top_level_await_works_and_code_after_it_sees_the_results()
    {
        Assert.Equal("7", await run.Value("var a = await Task.Run(() => 3);\nawait Task.Delay(5);\na + await Task.FromResult(4)"));
        Assert.Equal("3", await run.Value("a"));
    }

    [Fact]
    public async Task Waiting_for_a_task_does_not_lock_a_cell_up()
    {
        await run.Ok("async Task<int> Slow() { await Task.Delay(5); await Task.Yield(); return 5; }");
        Assert.Equal("5", await run.Value("Slow().Result"));
    }

    [Theory]
    [InlineData("1 + 1", true)]
    [InlineData("Math.Max(1, 2);", false)]
    [InlineData("var x = 3;", false)]
    [InlineData("Console.Write(\"\")", false)]
    [InlineData("", false)]
    [InlineData("// nothing", false)]
    public async Task Only_a_last_expression_without_a_semicolon_is_shown(string code, bool isShown)
    {
        await run.Ok(code);
        Assert.Equal(isShown ? 1 : 0, run.Outputs.Count);
    }

    [Fact]
    public async Task What_is_written_to_the_console_comes_out_in_order_by_stream()
    {
        await run.Ok("Console.Write(1); Console.WriteLine(\" one\"); Console.Error.WriteLine(\"bad\"); Console.Write('c');");
        Assert.Equal("1 one\nc", run.Text());
        Assert.Equal("bad\n", run.Text(errors: true));
    }

    [Fact]
    public async Task A_task_that_a_cell_started_writes_to_that_cell()
    {
        await run.Ok("var go = new System.Threading.ManualResetEventSlim(); var late = Task.Run(() => { go.Wait(); Console.WriteLine(\"late\"); });");
        var first = run.Outputs.ToArray();
        Assert.Empty(first);
        await run.Ok("go.Set(); await late;");
        Assert.Equal("late\n", run.Text());
    }

    [Fact]
    public async Task Reading_from_the_console_ends_at_once() => Assert.Equal("True", await run.Value("Console.ReadLine() is null"));

    [Fact]
    public async Task Load_runs_a_script_of_the_notebooks_folder()
    {
        run.Write("more.csx", "int Triple(int x) => 3 * x;\nvar loaded = true;");
        Assert.Equal("9", await run.Value("#load \"more.csx\"\nTriple(3)"));
        Assert.Equal("True", await run.Value("loaded"));
    }

    [Fact]
    public async Task A_script_that_is_not_there_is_an_error_with_its_line() =>
        Assert.Equal(1, (await run.Fails("#load \"none.csx\"")).Line);

    [Fact]
    public async Task Markdown_and_html_parts_are_shown_and_code_goes_on_after_them()
    {
        await run.Ok("var x = 1;\n#!markdown\n# Title\n\ntext\n#!html\n<b>bold</b>\n#!csharp\nx");
        Assert.Collection(run.Outputs,
            o => Assert.Equal("# Title\n\ntext", (string?)((DisplayOutput)o).Bundle["text/markdown"]),
            o => Assert.Equal("<b>bold</b>", (string?)((DisplayOutput)o).Bundle["text/html"]),
            o => Assert.Equal("1", (string?)((ResultOutput)o).Bundle["text/plain"]));
    }

    [Fact]
    public async Task Lines_after_a_magic_keep_their_numbers() =>
        Assert.Equal(4, (await run.Fails("#!markdown\ntext\n#!csharp\nthrow new Exception(\"x\");")).Line);

    [Theory]
    [InlineData("#!frobnicate\n1")]
    [InlineData("#!times\n1")]
    public async Task An_unknown_magic_is_named_with_those_that_exist(string code)
    {
        var error = await run.Fails(code);
        Assert.Contains($"'{code.Split('\n')[0]}' in line 1 does not exist", error.Text);
        Assert.Contains("#!markdown", error.Text);
        Assert.DoesNotContain('\n', error.Text);
    }

    [Fact]
    public async Task A_directive_inside_a_string_is_text() =>
        Assert.Equal("#r \"x.dll\"", await run.Value("var s = @\"\n#r \"\"x.dll\"\"\n\"; s.Trim()"));

    [Fact]
    public async Task Cells_run_one_at_a_time_in_the_order_they_came()
    {
        var first = run.Run("await Task.Delay(100); var order = \"1\";");
        var second = run.Run("order += \"2\";");
        await Task.WhenAll(first, second);
        Assert.Equal("12", await run.Value("order"));
        Assert.Equal(1, (await first).ExecutionCount);
        Assert.Equal(2, (await second).ExecutionCount);
    }
}

namespace ImageGen.Tests.Kernel;

/// <summary>Errors as a student sees them.</summary>
public sealed class ErrorTests : IDisposable
{
    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task A_compile_error_shows_its_line_with_a_caret()
    {
        var error = await run.Fails("var a = 1;\n\n    var b = a + missing;\n");
        Assert.Equal("CompilationError", error.Name);
        Assert.Equal(3, error.Line);
        Assert.Equal("""
            error CS0103: The name 'missing' does not exist in the current context
              line 3: var b = a + missing;
                                  ^~~~~~~
            """, error.Text, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_runs_nothing_and_leaves_the_state()
    {
        await run.Ok("var kept = 1;");
        await run.Fails("kept = 2; oops");
        Assert.Equal("1", await run.Value("kept"));
    }

    [Fact]
    public async Task An_exception_shows_its_message_the_line_and_no_frames_of_ours()
    {
        var error = await run.Fails("var list = new List<int>();\nvar first = list.First();");
        Assert.Equal("InvalidOperationException", error.Name);
        Assert.Equal(2, error.Line);
        Assert.Equal("InvalidOperationException: Sequence contains no elements\n  line 2: var first = list.First();", error.Text);
    }

    [Fact]
    public async Task An_exception_in_a_function_of_an_earlier_cell_shows_both_lines()
    {
        await run.Ok("int Half(int n)\n{\n    if (n % 2 == 1) throw new ArgumentException(\"odd\");\n    return n / 2;\n}");
        var error = await run.Fails("var a = Half(2);\n\nvar b = Half(3);");
        Assert.Equal(3, error.Line);
        Assert.Equal("""
            ArgumentException: odd
              line 3 of cell [1]: if (n % 2 == 1) throw new ArgumentException("odd");
              line 3: var b = Half(3);
            """, error.Text, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task An_exception_after_an_await_has_its_line()
    {
        var error = await run.Fails("await Task.Delay(1);\nasync Task Fail() { await Task.Yield(); throw new TimeoutException(\"late\"); }\n\nawait Fail();");
        Assert.Equal("TimeoutException", error.Name);
        Assert.Equal(2, error.Line);
        Assert.Contains("line 4: await Fail();", error.Text);
        Assert.DoesNotContain("   at ", error.Text);
    }

    [Fact]
    public async Task What_was_set_before_an_exception_is_kept()
    {
        await run.Fails("var before = 5;\nthrow new Exception(\"x\");");
        Assert.Equal("5", await run.Value("before"));
    }

    [Fact]
    public async Task A_course_exception_shows_its_one_line()
    {
        await run.Ok($"#r \"{typeof(ImageGen.Runtime.CourseException).Assembly.Location}\"");
        var error = await run.Fails("throw new ImageGen.Runtime.CourseException(\"The picture x.png is missing: draw it first.\");");
        Assert.Equal("The picture x.png is missing: draw it first.", error.Text);
        Assert.Equal(1, error.Line);
    }

    [Fact]
    public async Task Wrapped_exceptions_show_what_they_wrap()
    {
        var error = await run.Fails("Task.Run(() => { throw new FormatException(\"inside\"); }).Wait();");
        Assert.Equal("FormatException", error.Name);
        error = await run.Fails("static class Broken { public static int X = int.Parse(\"no\"); }\nBroken.X");
        Assert.Equal("FormatException", error.Name);
    }

    [Fact]
    public async Task An_exception_whose_text_is_its_message_is_one_line_whoever_made_it()
    {
        await run.Ok("class Plain(string m) : Exception(m) { public override string ToString() => Message; }");
        Assert.Equal("Turn it on.", (await run.Fails("throw new Plain(\"Turn it on.\");")).Text);
        await run.Ok("class Worse() : Exception(\"m\") { public override string ToString() => throw new Exception(); }");
        Assert.StartsWith("Worse: m", (await run.Fails("throw new Worse();")).Text);
    }

    [Fact]
    public async Task A_native_library_that_does_not_load_is_one_sentence()
    {
        ImageGen.Display.Notebook.Start(); // what a lesson's first cell does
        var error = await run.Fails("""
            throw new TypeInitializationException("TorchSharp.torch", new DllNotFoundException(
                "Unable to load shared library 'LibTorchSharp': libgomp.so.1: cannot open shared object file: No such file or directory"));
            """);
        Assert.Equal("TorchSharp's native library did not load: the file libgomp.so.1 is missing. Install the package libgomp1 and try again.", error.Text);
    }

    [Fact]
    public async Task Many_compile_errors_are_cut_short()
    {
        var error = await run.Fails(string.Join('\n', Enumerable.Range(0, 12).Select(i => $"missing{i}();")));
        Assert.Contains("missing4", error.Text);
        Assert.DoesNotContain("missing5", error.Text);
        Assert.EndsWith("and 7 more.", error.Text);
    }

    [Fact]
    public async Task Endless_recursion_in_frames_shows_a_few()
    {
        var error = await run.Fails("int Down(int n) => n == 0 ? throw new Exception(\"deep\") : Down(n - 1) + 1;\nDown(200)");
        Assert.InRange(error.Text.Split('\n').Length, 2, 8);
    }
}

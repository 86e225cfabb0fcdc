using ImageGen.Kernel.Engine;

namespace ImageGen.Tests.Kernel;

/// <summary>Interrupting cells: what runs stops, and what was made before is kept.</summary>
public sealed class InterruptTests : IDisposable
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(60);
    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Theory]
    [InlineData("started.Set(); while (true) { }")]
    [InlineData("started.Set(); while (true) Console.Write(\"x\");")]
    [InlineData("started.Set(); await Task.Delay(-1);")]
    [InlineData("await Task.Yield(); started.Set(); while (true) { }")]
    [InlineData("await Task.Delay(30); started.Set(); var n = 0L; while (true) n++;")]
    [InlineData("started.Set(); await new TaskCompletionSource().Task;")]
    [InlineData("started.Set(); Task.Delay(-1).Wait();")]
    [InlineData("started.Set(); System.Threading.Thread.Sleep(-1);")]
    [InlineData("int i = 0; started.Set(); again: i++; goto again;")]
    [InlineData("started.Set(); do Console.WriteLine(1); while (true);")]
    [InlineData("started.Set(); for (;;) foreach (var x in new[] { 1, 2 }) kept = 7;")]
    [InlineData("void Forever() { for (var i = 0; ; i++) { try { lock (started) kept = 7; } catch { } } } started.Set(); Forever();")]
    [InlineData("started.Set(); Parallel.For(0, 2, i => { while (true) { } });")]
    [InlineData("started.Set(); Enumerable.Repeat(1, int.MaxValue).All(x => { for (var i = 0; i < 1000; i++) { } return true; });")]
    public async Task A_cell_that_never_ends_is_stopped_and_the_state_is_kept(string code)
    {
        await Started();
        var cell = run.Run(code);
        await InterruptWhenStarted();
        var result = await cell.WaitAsync(Ample, TestContext.Current.CancellationToken);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("Interrupted", result.Error!.Name);
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task A_loop_that_watches_the_cells_token_ends_with_what_it_has()
    {
        await Started();
        await run.Ok($"#r \"{typeof(ImageGen.Runtime.KernelInterrupt).Assembly.Location}\"");
        // As a trainer does: it looks between steps, a step takes longer than the engine's patience with other code,
        // and what was reached is returned.
        var cell = run.Run("""
            int Train(System.Threading.CancellationToken stop)
            {
                var steps = 0;
                while (!stop.IsCancellationRequested) { started.Set(); System.Threading.Thread.Sleep(600); steps++; }
                return steps;
            }
            var reached = Train(ImageGen.Runtime.KernelInterrupt.Token);
            reached > 0
            """);
        await InterruptWhenStarted();
        Assert.Equal(CellStatus.Ok, (await cell.WaitAsync(Ample, TestContext.Current.CancellationToken)).Status);
        Assert.Equal("True", await run.Value("reached > 0"));
    }

    [Fact]
    public async Task A_cell_that_answers_with_OperationCanceled_counts_as_interrupted()
    {
        await Started();
        var cell = run.Run("var stop = KernelInvocationContext.Current.CancellationToken; started.Set(); await Task.Delay(-1, stop);");
        await InterruptWhenStarted();
        Assert.Equal(CellStatus.Interrupted, (await cell.WaitAsync(Ample, TestContext.Current.CancellationToken)).Status);
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task A_cell_that_read_its_token_and_then_sleeps_does_not_get_the_patience_of_a_training()
    {
        await Started();
        var cell = run.Run("var stop = KernelInvocationContext.Current.CancellationToken; started.Set(); System.Threading.Thread.Sleep(-1);");
        await InterruptWhenStarted();
        // A training would have five seconds to end by itself.
        var result = await cell.WaitAsync(TimeSpan.FromSeconds(4.5), TestContext.Current.CancellationToken);
        Assert.Equal(CellStatus.Interrupted, result.Status);
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task What_cannot_be_stopped_is_left_behind_with_a_line_and_the_engine_goes_on()
    {
        await Started();
        // Library code that neither waits nor looks at a token: nothing of the cell's own runs in it.
        var cell = run.Run("started.Set(); System.Text.RegularExpressions.Regex.IsMatch(new string('a', 32), \"^(a+)+b\");");
        await InterruptWhenStarted();
        var result = await cell.WaitAsync(Ample, TestContext.Current.CancellationToken);
        Assert.Equal(CellStatus.Abandoned, result.Status);
        Assert.Contains("left behind", result.Error!.Text);
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task What_a_left_await_would_have_gone_on_with_does_not_run()
    {
        await Started();
        var cell = run.Run("started.Set(); await Task.Delay(300); kept = 8; Console.WriteLine(\"still here\");");
        await InterruptWhenStarted();
        Assert.Equal(CellStatus.Interrupted, (await cell.WaitAsync(Ample, TestContext.Current.CancellationToken)).Status);
        await Task.Delay(600, TestContext.Current.CancellationToken);
        Assert.Equal("", run.Text());
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task After_many_interrupts_everything_still_works()
    {
        await Started();
        for (var i = 0; i < 15; i++)
        {
            File.Delete(Mark);
            var cell = run.Run("started.Set(); while (true) { Console.Write(string.Join(\",\", Enumerable.Range(0, 20))); lock (started) kept = 7; }");
            await InterruptWhenStarted();
            Assert.Equal(CellStatus.Interrupted, (await cell.WaitAsync(Ample, TestContext.Current.CancellationToken)).Status);
        }
        await run.Ok("Console.Write(\"fine\");");
        Assert.Equal("fine", run.Text());
    }

    [Fact]
    public async Task Guards_leave_the_meaning_and_the_places_of_code_alone()
    {
        await run.Ok("""
            var n = 0;
            if (n == 0) while (n < 3) n++; else n = 100;
            do n++; while (n < 5);
            for (var i = 0; i < 2; i++) for (var j = 0; j < 2; j++) n += j;
            foreach (var x in new[] { 1, 2 }) { n += x; }
            Func<int, int> twice = x => { return 2 * x; };
            int Count() { again: if (n < 20) { n++; goto again; } return n; }
            """);
        Assert.Equal("40", await run.Value("twice(Count())"));
        var error = await run.Fails("foreach (var x in new[] { 1 }) { Console.Write(x); } while (true) oops(1);");
        Assert.EndsWith(new string(' ', "  line 1: foreach (var x in new[] { 1 }) { Console.Write(x); } while (true) ".Length) + "^~~~", error.Text);
    }

    [Fact]
    public async Task A_loop_of_a_loaded_file_is_stopped_too()
    {
        await Started();
        run.Write("forever.csx", "int Forever(Mark mark)\n{\n    mark.Set();\n    while (true) { }\n}\nint Fail() => throw new Exception(\"here\");\n");
        await run.Ok("#load \"forever.csx\"");
        var cell = run.Run("Forever(started)");
        await InterruptWhenStarted();
        Assert.Equal(CellStatus.Interrupted, (await cell.WaitAsync(Ample, TestContext.Current.CancellationToken)).Status);
        Assert.Contains("line 6 of forever.csx", (await run.Fails("Fail()")).Text); // lines are as they were
        Assert.Equal("7", await run.Value("kept"));
    }

    [Fact]
    public async Task An_interrupt_with_nothing_running_does_nothing()
    {
        run.Interrupt();
        Assert.Equal("2", await run.Value("1 + 1"));
    }

    [Fact]
    public async Task Outside_a_cell_the_token_is_never_canceled()
    {
        Assert.False(ImageGen.Runtime.KernelInterrupt.Token.CanBeCanceled);
        await run.Ok("1");
        Assert.False(ImageGen.Runtime.KernelInterrupt.Token.CanBeCanceled);
    }

    // A named event reaches from the cell to the test without any shared object.
    private Task Started() => run.Ok("""
        var kept = 7;
        class Mark { public void Set() => System.IO.File.WriteAllText("MARK", ""); }
        var started = new Mark();
        """.Replace("MARK", Mark));

    private string Mark => Path.Combine(run.Folder, "started");

    private async Task InterruptWhenStarted()
    {
        using var patience = new CancellationTokenSource(Ample);
        while (!File.Exists(Mark)) await Task.Delay(10, patience.Token);
        await Task.Delay(50, patience.Token);
        run.Interrupt();
    }
}

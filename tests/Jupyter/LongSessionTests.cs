using System.Diagnostics;

namespace ImageGen.Tests.Jupyter;

/// <summary>A thousand cells in one session.</summary>
public sealed class LongSessionTests
{
    private const int Cells = 1000, Window = 100;

    [Fact]
    public void A_thousand_cells_neither_slow_the_kernel_down_nor_fill_the_memory()
    {
        using var kernel = new KernelClient();
        var (wall, processor) = (new double[Cells], new double[Cells]);
        for (var i = 0; i < Cells; i++)
        {
            var (watch, before) = (Stopwatch.StartNew(), ProcessorSeconds(kernel));
            Assert.Equal($"{i + 1}", (string?)kernel.Execute($"var v{i} = {i};\nv{i} + 1").Content("execute_result")["data"]!["text/plain"]);
            (wall[i], processor[i]) = (watch.Elapsed.TotalSeconds, ProcessorSeconds(kernel) - before);
        }
        kernel.Process.Refresh();
        var memory = kernel.Process.WorkingSet64 / 1e6;
        // A machine that gets busier slows the last cells down too, but it does not give the kernel more to do: a kernel that
        // grows slower shows it in both. Tests beside this one take the processor's cache from it, so the bound is wide; the ratio
        // itself is measured by ./course bench kernel.
        var waited = Quick(wall[^Window..]) / Quick(wall[..Window]);
        // Linux counts a process's time in hundredths of a second, so it is summed; the first hundred pay for the compiler.
        var worked = processor[^Window..].Sum() / processor[Window..(2 * Window)].Sum();
        TestContext.Current.TestOutputHelper?.WriteLine($"{1000 * Quick(wall):0} ms a cell; the last {Window} over the first: {waited:0.00} in time, {worked:0.00} in work; {memory:0} MB");
        Assert.True(Math.Min(waited, worked) < 3, $"the last {Window} cells took {waited:0.00} times as long as the first, and {worked:0.00} times the work");
        Assert.True(memory < 800, $"{memory:0} MB");
    }

    private static double ProcessorSeconds(KernelClient kernel)
    {
        kernel.Process.Refresh();
        return kernel.Process.TotalProcessorTime.TotalSeconds;
    }

    // The quicker half: what else the machine does falls on some cells, never on all.
    private static double Quick(double[] seconds) => seconds.Order().ElementAt(seconds.Length / 4);
}

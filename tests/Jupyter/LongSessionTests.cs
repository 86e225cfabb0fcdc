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
        var seconds = Enumerable.Range(0, Cells).Select(i =>
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal($"{i + 1}", (string?)kernel.Execute($"var v{i} = {i};\nv{i} + 1").Content("execute_result")["data"]!["text/plain"]);
            return watch.Elapsed.TotalSeconds;
        }).ToArray();
        kernel.Process.Refresh();
        var memory = kernel.Process.WorkingSet64 / 1e6;
        // The quicker half of each hundred: what else the machine does falls on some cells, never on all.
        var growth = Quick(seconds[^Window..]) / Quick(seconds[..Window]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{1000 * Quick(seconds):0} ms a cell, {growth:0.00} times the first hundred at the end, {memory:0} MB");
        Assert.True(growth < 1.5, $"the last {Window} cells took {growth:0.00} times the first");
        Assert.True(memory < 800, $"{memory:0} MB");
    }

    private static double Quick(double[] seconds) => seconds.Order().ElementAt(seconds.Length / 4);
}

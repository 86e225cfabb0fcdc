using System.Diagnostics;
using ImageGen.Style;
using ImageGen.Vision;

namespace ImageGen.Bench;

/// <summary>A picture of 1024 px within a budget: what was foretold against what it took.</summary>
internal static class LargePictures
{
    /// <summary>A few steps at full size, in pieces.</summary>
    public static IEnumerable<Measurement> Run()
    {
        const double budget = 1.5;
        using var network = new FilterPyramid();
        var (content, style) = (StyleBench.Leaves(1, 512), StyleBench.Leaves(2, 512));
        var options = new StyleTransferOptions { Size = 1024, Steps = 6, Levels = 1, MemoryBudget = budget };
        StyleTransfer.Run(content, style, network, options with { Size = 64, Steps = 1 });
        var forecast = StyleTransfer.Forecast(content, style, network, options);
        var before = Resident();
        double peak = before, seconds;
        using (var stop = new CancellationTokenSource())
        {
            var watch = Task.Run(() =>
            {
                for (; !stop.IsCancellationRequested; Thread.Sleep(10)) peak = Math.Max(peak, Resident());
            });
            seconds = Paired.Seconds(() => StyleTransfer.Run(content, style, network, options));
            stop.Cancel();
            watch.Wait();
        }
        yield return new("1024 px in pieces: memory foretold", forecast.Gigabytes, "GB", AtMost: budget);
        yield return new("  memory it added, over the budget", (peak - before) / budget, AtMost: 1);
        yield return new("  time it took, over the time foretold", seconds / forecast.Seconds, AtLeast: 0.5, AtMost: 2);
    }

    private static double Resident()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e9;
    }
}

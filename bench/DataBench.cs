using System.Diagnostics;
using ImageGen.Data;
using ImageGen.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary><c>./course bench data</c>: pictures a second that Petals draws and hands out, and how much of a training loop waits for data.</summary>
internal static class DataBench
{
    /// <summary>Measures, writes a line each, and returns the figures by name.</summary>
    public static IReadOnlyDictionary<string, double> Run(TextWriter output)
    {
        var figures = new Dictionary<string, double>();
        void Report(string name, double value, string meaning)
        {
            figures[name] = value;
            output.WriteLine($"{name,-28}{value,12:0.###}  {meaning}");
        }

        Draw(40, 64, Split.Validation);
        var drawn = Draw(500, 64, Split.Train);
        Report("petals.drawn64", drawn, "pictures drawn in a second of one core, 64×64 (at least 500)");
        Report("petals.drawn128", Draw(150, 128, Split.Train), "the same, 128×128");
        Report("petals.drawn256", Draw(40, 256, Split.Train), "the same, 256×256");

        var petals = new Petals(Split.Train, 1024);
        for (var i = 0; i < petals.Count; i++) petals.Picture(i);
        Report("petals.cached64", PerCpuSecond(20 * petals.Count, () =>
        {
            for (var i = 0; i < 20 * petals.Count; i++) petals.Picture(i % petals.Count);
        }), "pictures handed out in a second of one core, once drawn (at least 500)");

        var (fed, _) = Train(petals);
        Report("batches.wait", fed, "share of a training loop that waits for batches of drawn pictures (at most 0.02)");
        var (fresh, _) = Train(new Petals(Split.Train, 4096, seed: 8));
        Report("batches.wait.first", fresh, "the same in the first epoch, while pictures are drawn");
        return figures;
    }

    private static double Draw(int count, int side, Split split)
    {
        var petals = new Petals(split, count, side);
        return PerCpuSecond(count, () =>
        {
            for (var i = 0; i < count; i++) petals.Picture(i);
        });
    }

    // Processor time, not the clock: other programs on the machine do not count.
    private static double PerCpuSecond(int count, Action work)
    {
        var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        work();
        process.Refresh();
        return count / Math.Max(1e-3, (process.TotalProcessorTime - before).TotalSeconds);
    }

    /// <summary>Forty steps of a small convolutional network, about as heavy as a DCGAN's discriminator of width 32.</summary>
    private static (double WaitShare, double StepSeconds) Train(Petals petals)
    {
        using var model = nn.Sequential(
            nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 8 * 8, 1));
        using var optimizer = optim.Adam(model.parameters(), 1e-4);
        var batches = new Batches(petals, new BatchOptions { BatchSize = 32 });
        const int Warm = 5, Steps = 40;
        var (clock, waited) = (Stopwatch.StartNew(), TimeSpan.Zero);
        var step = 0;
        foreach (var batch in batches.From().Take(Warm + Steps))
        {
            if (step++ == Warm) (clock, waited) = (Stopwatch.StartNew(), batches.Waited);
            using var scope = NewDisposeScope();
            // Three passes stand for a GAN's: real, fake, and the generator's own.
            for (var pass = 0; pass < 3; pass++)
            {
                optimizer.zero_grad();
                model.forward(batch.Pictures).square().mean().backward();
                optimizer.step();
            }
            batch.Dispose();
        }
        var seconds = clock.Elapsed.TotalSeconds;
        return ((batches.Waited - waited).TotalSeconds / seconds, seconds / Steps);
    }
}

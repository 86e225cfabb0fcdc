using System.Diagnostics;
using ImageGen.Data;
using ImageGen.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary><c>./course bench data</c>: pictures a second that Petals draws and hands out, and how much of a training loop waits for data.</summary>
internal static class DataBench
{
    /// <summary>Measures; the speeds are per second of processor time, so that other programs do not count.</summary>
    public static IReadOnlyList<Measurement> Run()
    {
        Draw(40, 64, Split.Validation);
        var petals = new Petals(Split.Train, 1024);
        for (var i = 0; i < petals.Count; i++) petals.Picture(i);
        return
        [
            new("Petals drawn, 64×64", Draw(500, 64, Split.Train), "a second", AtLeast: 500),
            new("Petals drawn, 128×128", Draw(150, 128, Split.Train), "a second"),
            new("Petals drawn, 256×256", Draw(40, 256, Split.Train), "a second"),
            new("Petals handed out, once drawn", PerCpuSecond(20 * petals.Count, () =>
            {
                for (var i = 0; i < 20 * petals.Count; i++) petals.Picture(i % petals.Count);
            }), "a second", AtLeast: 500),
            new("share of a training loop that waits for drawn pictures", Train(petals), AtMost: 0.02),
            new("the same in the first epoch, while they are drawn", Train(new Petals(Split.Train, 4096, seed: 8))),
        ];
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

    /// <summary>The share of forty training steps that is spent waiting: a small network, about as heavy as a DCGAN's discriminator.</summary>
    private static double Train(Petals petals)
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
        return (batches.Waited - waited).TotalSeconds / clock.Elapsed.TotalSeconds;
    }
}

using System.Diagnostics;
using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>The DCGAN: how near a step comes to the machine's speed, what our loop and the pictures' way add, and whether memory stays.</summary>
public static class GanBench
{
    private const int BatchSize = 32;

    public static IEnumerable<Measurement> Run()
    {
        var flowers = new Petals(Split.Train, 512);
        var bag = BagOfWords.Learn(Enumerable.Range(0, flowers.Count).SelectMany(flowers.Captions));
        // Drawn before anything is timed, as they are from the second epoch on.
        for (var i = 0; i < flowers.Count; i++) flowers.Picture(i);
        return Steps(flowers, bag).Concat(Loop(flowers, bag)).Concat(Memory(flowers, bag));
    }

    private static GanOptions Options(int steps) => GanOptions.Petals with { BatchSize = BatchSize, Steps = steps };

    private static IEnumerable<Measurement> Steps(Petals flowers, BagOfWords bag)
    {
        const int steps = 12;
        using var scope = NewDisposeScope();
        var config = GanConfig.Small(bag.Width);
        var (training, product, _) = Paired.Time(() =>
        {
            using var trainer = new GanTrainer(config, flowers, bag, Options(steps));
            trainer.Run();
        }, Roofline.Run, rounds: 3);
        var work = StepFlops(config) / 1e9;
        yield return new($"a step of {BatchSize} pictures, width {config.GeneratorWidth}", training / steps, "s");
        yield return new("  its speed", work * steps / training, "GFLOP/s");
        yield return new(Roofline.Name, Roofline.Work / product, "GFLOP/s");
        yield return new("DCGAN step against the roofline", work * steps / training / (Roofline.Work / product), AtLeast: 0.6);
    }

    /// <summary>Multiplications and additions of the convolutions in one step, counted; all else is left out.</summary>
    private static double StepFlops(GanConfig config)
    {
        double g = config.GeneratorWidth, d = config.DiscriminatorWidth, code = config.NoiseWidth + config.TextCode;
        // Each has a kernel of 4×4 at every place of its smaller side.
        var generator = 16 * (code * 8 * g + 16 * 8 * g * 4 * g + 64 * 4 * g * 2 * g + 256 * 2 * g * g + 1024 * g * 3);
        var first = 16 * 1024.0 * 3 * d;
        var rest = 16 * (256 * d * 2 * d + 64 * 2 * d * 4 * d + 16 * 4 * d * 8 * d + 8 * d * 4 * d);
        const double drawn = BatchSize * 1.5; // half of the captions are drawn twice
        // Forward, back to the input, back to the weights; the first layer needs no way back to real or detached pictures.
        var teachDiscriminator = (BatchSize + drawn) * (2 * first + 3 * rest);
        var teachGenerator = drawn * (2 * (first + rest) + 3 * generator);
        return 2 * (teachDiscriminator + teachGenerator);
    }

    /// <summary>Our loop against the same losses in a loop written out, on one batch that is there already.</summary>
    private static IEnumerable<Measurement> Loop(Petals flowers, BagOfWords bag)
    {
        const int steps = 12;
        // As the first trial's course: no part that our loop alone would prepare.
        var options = new GanOptions { BatchSize = BatchSize, Steps = steps, WrongTextWeight = 0 };
        var config = GanConfig.Small(bag.Width);
        var waited = TimeSpan.Zero;
        var all = TimeSpan.Zero;
        var (ours, bare, ratio) = Paired.Time(() =>
        {
            using var trainer = new GanTrainer(config, flowers, bag, options);
            all += trainer.Run(new Watcher(_ => { })).Elapsed;
            waited += trainer.Waited;
        }, () => BareLoop(config, flowers, bag, options), rounds: 15);
        yield return new($"{steps} steps, our loop", ours, "s");
        yield return new($"{steps} steps, bare loop", bare, "s");
        yield return new("our loop against the bare one", ratio, AtMost: 1.02);
        yield return new("share of time that waits for pictures", waited / all, AtMost: 0.02);
    }

    private static void BareLoop(GanConfig config, Petals flowers, BagOfWords bag, GanOptions options)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var g = new GanGenerator(config);
        using var d = new GanDiscriminator(config);
        var averages = g.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        using var forG = optim.Adam(g.parameters(), options.GeneratorRate, options.Beta1, options.Beta2);
        using var forD = optim.Adam(d.parameters(), options.DiscriminatorRate, options.Beta1, options.Beta2);
        using var batch = new Batches(flowers, new() { BatchSize = options.BatchSize }).Epoch().First();
        var (x, e) = (batch.Pictures, bag.Encode(batch.Captions));
        for (var step = 0; step < options.Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            var fakes = g.call(randn(options.BatchSize, config.NoiseWidth), e);
            forD.zero_grad();
            var real = d.Features(x);
            (CrossEntropy(d.Score(real, e), 0.9) + CrossEntropy(d.Score(d.Features(fakes.detach()), e), 0)).backward();
            forD.step();
            forG.zero_grad();
            foreach (var parameter in d.parameters()) parameter.requires_grad = false;
            var features = d.Features(fakes);
            var loss = CrossEntropy(d.Score(features, e), 1)
                + options.FeatureMatchingWeight * (features.mean([0]) - real.detach().mean([0])).square().mean()
                + options.L1Weight * (fakes - x).abs().mean();
            loss.backward();
            forG.step();
            foreach (var parameter in d.parameters()) parameter.requires_grad = true;
            using (no_grad())
                foreach (var (name, value) in g.state_dict()) if (value.is_floating_point()) averages[name].lerp_(value, 1 - options.EmaDecay);
            loss.ToDouble();
        }
    }

    private static Tensor CrossEntropy(Tensor s, double y) => (nn.functional.softplus(s) - s * y).mean();

    /// <summary>Live tensors and resident memory over 500 steps.</summary>
    private static IEnumerable<Measurement> Memory(Petals flowers, BagOfWords bag)
    {
        var seen = new List<(long Tensors, double Megabytes)>();
        var config = GanConfig.Small(bag.Width) with { GeneratorWidth = 8, DiscriminatorWidth = 8 };
        // The penalty at every step: one that is looked at with it holds more tensors than one without.
        using var trainer = new GanTrainer(config, flowers, bag, Options(500) with { BatchSize = 16, GradientPenaltyEvery = 1 });
        trainer.Run(new Watcher(_ => seen.Add(Now())), new CaptionGrid(["a red flower"], bag));
        var early = seen.Take(seen.Count / 2).Skip(seen.Count / 4).ToList();
        var late = seen.Skip(seen.Count * 3 / 4).ToList();
        yield return new("500 steps: live tensors more", late.Max(point => point.Tensors) - early.Max(point => point.Tensors), AtMost: 0);
        yield return new("500 steps: resident memory more", late.Max(point => point.Megabytes) - early.Max(point => point.Megabytes), "MB", AtMost: 10);
    }

    private static (long, double) Now()
    {
        using var process = Process.GetCurrentProcess();
        return (DisposeScopeManager.Statistics.ThreadTotalLiveCount, process.WorkingSet64 / 1e6);
    }

    private sealed class Watcher(Action<TrainingProgress> watch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => watch(value);
    }
}

using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Style;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>Style transfer: how near a step comes to the machine's speed, what our loop adds, and whether memory stays.</summary>
public static class StyleBench
{
    // Memory first: what an earlier part had taken, the process would have at hand.
    public static IEnumerable<Measurement> Run() => LargePictures.Run().Concat(VggStep()).Concat(VggVariants.Run()).Concat(Loop()).Concat(Memory())
        .Concat(StatisticsBench.Run()).Concat(TutorialBench.Run()).Concat(Finished());

    /// <summary>VGG-19 to relu5_1 at 256 px, forward and back to the picture, against the roofline in the same process.</summary>
    private static IEnumerable<Measurement> VggStep()
    {
        using var scope = NewDisposeScope();
        using var network = new VggFeatures(lastLayer: "relu5_1");
        var picture = rand([1, 3, 256, 256], requires_grad: true);
        var (step, product, _) = Paired.Time(() => Step(network, picture), Roofline.Run, rounds: 9);
        // A paired ratio, turned from seconds into GFLOP/s.
        var work = 2 * ForwardFlops(network, 256) / 1e9;
        yield return new("VGG-19 step to relu5_1, 256 px", step, "s");
        yield return new("  its speed", work / step, "GFLOP/s");
        yield return new(Roofline.Name, Roofline.Work / product, "GFLOP/s");
        yield return new("VGG-19 step against the roofline", work / step / (Roofline.Work / product), AtLeast: 0.9);
    }

    private static void Step(FeatureNetwork network, Tensor picture)
    {
        using var scope = NewDisposeScope();
        var maps = network.Extract(picture, "relu5_1");
        autograd.grad([maps["relu5_1"].sum()], [picture]);
    }

    // Backward to the picture costs as much again: one product with each weight, and none for the weights themselves.
    private static double ForwardFlops(VggFeatures network, int size)
    {
        double sum = 0, side = size;
        foreach (var layer in network.LayerNames)
        {
            if (layer.StartsWith("pool", StringComparison.Ordinal)) side /= 2;
            if (!layer.StartsWith("conv", StringComparison.Ordinal)) continue;
            var weight = network.get_parameter($"features.{network.IndexOf(layer)}.weight")!;
            sum += 2.0 * weight.numel() * side * side;
        }
        return sum;
    }

    /// <summary>Our loop with somebody watching, against a loop written out with TorchSharp alone.</summary>
    private static IEnumerable<Measurement> Loop()
    {
        const int steps = 10;
        using var network = new VggFeatures(lastLayer: "relu3_1");
        var (content, style) = (Leaves(1), Leaves(2));
        string[] styleLayers = ["relu1_1", "relu2_1", "relu3_1"], contentLayers = ["relu3_1"];
        var options = new StyleTransferOptions
        {
            Size = 128, Steps = steps, Levels = 1, Optimizer = StyleOptimizer.Adam, Statistic = StyleStatistic.Gram,
            StyleLayers = styleLayers, ContentLayers = contentLayers, Colors = StyleColors.Unmatched,
        };
        var (ours, bare, ratio) = Paired.Time(
            () => StyleTransfer.Run(content, style, network, options, new Watcher(_ => { })),
            () => BareLoop(network, content, style, steps, options), rounds: 9);
        yield return new($"{steps} Adam steps at 128 px, our loop", ours, "s");
        yield return new($"{steps} Adam steps at 128 px, bare loop", bare, "s");
        yield return new("our loop against the bare one", ratio, AtMost: 1.02);
    }

    // The same arithmetic as the options above ask for, with nothing of lib/Style or lib/Training.
    private static void BareLoop(VggFeatures network, Picture contentPicture, Picture stylePicture, int steps, StyleTransferOptions options)
    {
        using var scope = NewDisposeScope();
        var convolutions = Enumerable.Range(0, 11).Select(i => (
            Weight: network.state_dict().GetValueOrDefault($"features.{i}.weight"),
            Bias: network.state_dict().GetValueOrDefault($"features.{i}.bias"))).ToArray();
        var (mean, std) = (tensor(new[] { 0.485f, 0.456f, 0.406f }).view(1, 3, 1, 1), tensor(new[] { 0.229f, 0.224f, 0.225f }).view(1, 3, 1, 1));
        Tensor[] Features(Tensor pixels)
        {
            var x = (pixels - mean) / std;
            var kept = new List<Tensor>();
            for (var i = 0; i < 12; i++)
            {
                if (i is 4 or 9) x = nn.functional.max_pool2d(x, kernel_size: [2, 2], strides: [2, 2]);
                else if (i < 11 && convolutions[i].Weight is { } weight) x = nn.functional.conv2d(x, weight, convolutions[i].Bias, padding: [1, 1]);
                else x = x.relu_();
                if (i is 1 or 6 or 11) kept.Add(x);
            }
            return [.. kept];
        }
        static Tensor Gram(Tensor map)
        {
            var rows = map.flatten(2);
            return rows.matmul(rows.transpose(1, 2)) / rows.size(2);
        }

        var content = contentPicture.ToTensor();
        var grams = Features(stylePicture.ToTensor()).Select(Gram).ToArray();
        var sizes = grams.Select(gram => gram.square().sum()).ToArray();
        var target = Features(content)[2];
        var variance = target.var(unbiased: false);
        var picture = new Parameter(content.clone());
        using var adam = optim.Adam([picture], options.LearningRate);
        for (var step = 0; step < steps; step++)
        {
            using var stepScope = NewDisposeScope();
            adam.zero_grad();
            var maps = Features(picture);
            var contentLoss = (maps[2] - target).square().mean() / variance;
            var styleLoss = stack(maps.Select((map, i) => (Gram(map) - grams[i]).square().sum() / sizes[i])).mean();
            var smoothness = (picture.narrow(3, 1, 127) - picture.narrow(3, 0, 127)).abs().mean() + (picture.narrow(2, 1, 127) - picture.narrow(2, 0, 127)).abs().mean();
            var range = (picture - picture.clamp(0, 1)).square().mean();
            var total = contentLoss * options.ContentWeight + styleLoss * options.StyleWeight + smoothness * options.SmoothnessWeight + range * 10;
            total.backward();
            adam.step();
        }
        Picture.FromTensor(picture);
    }

    /// <summary>Live tensors and resident memory over 200 steps, each optimizer.</summary>
    private static IEnumerable<Measurement> Memory()
    {
        using var network = new FilterPyramid();
        foreach (var optimizer in Enum.GetValues<StyleOptimizer>())
        {
            var seen = new List<(long Tensors, double Megabytes)>();
            var options = new StyleTransferOptions { Size = 128, Steps = 200, Levels = 1, Optimizer = optimizer };
            StyleTransfer.Run(Leaves(1), Leaves(2), network, options, new Watcher(_ => seen.Add(Now())));
            // The first quarter fills L-BFGS's memory and the allocator's pools.
            var early = seen.Take(seen.Count / 2).Skip(seen.Count / 4).ToList();
            var late = seen.Skip(seen.Count * 3 / 4).SkipLast(1).ToList();
            yield return new($"200 steps of {optimizer}: live tensors more", late.Max(point => point.Tensors) - early.Max(point => point.Tensors), AtMost: 0);
            yield return new($"200 steps of {optimizer}: resident memory more", late.Max(point => point.Megabytes) - early.Max(point => point.Megabytes), "MB", AtMost: 10);
        }
    }

    private static (long, double) Now()
    {
        using var process = Process.GetCurrentProcess();
        return (DisposeScopeManager.Statistics.ThreadTotalLiveCount, process.WorkingSet64 / 1e6);
    }

    /// <summary>A finished picture with the defaults that a newcomer gets.</summary>
    private static IEnumerable<Measurement> Finished()
    {
        using var network = new FilterPyramid();
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        var seconds = Paired.Seconds(() => StyleTransfer.Run(Leaves(1), Leaves(2), network, new() { Size = 256, Steps = 150, Levels = 3 }));
        process.Refresh();
        // Wall-clock seconds are the machine's other work as much as ours; what the processors spent on us is ours alone.
        yield return new("a finished picture at 256 px, wall clock", seconds, "s");
        yield return new("  processor time of it, shared by two cores", (process.TotalProcessorTime - before).TotalSeconds / 2, "s", AtMost: 40);
        yield return new("the process's peak memory", process.PeakWorkingSet64 / 1e6, "MB");
    }

    internal static Picture Leaves(int seed, int size = 128)
    {
        using var drawn = DeadLeaves.Draw(count: 1, size, seed);
        return Picture.FromTensor(drawn);
    }

    private sealed class Watcher(Action<TrainingProgress> watch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => watch(value);
    }
}

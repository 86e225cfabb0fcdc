using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Style;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// How long until the total loss is as small as the common tutorial recipe gets it: full size from the first step, 300
/// closures of L-BFGS without a line search, the picture clamped in each. Ours goes from coarse to fine, and is timed until
/// its loss at full size, which is the same loss, is as small. Same network, same weights, same targets.
/// </summary>
internal static class TutorialBench
{
    private const int Size = 192, Closures = 300;

    public static IEnumerable<Measurement> Run()
    {
        using var network = new FilterPyramid();
        var (content, style) = (StyleBench.Leaves(1, Size), StyleBench.Leaves(2, Size));
        var options = new StyleTransferOptions
        {
            Size = Size, Steps = 200, Levels = 3, Statistic = StyleStatistic.Gram, Colors = StyleColors.Unmatched, SmoothnessWeight = 0,
        };
        var clock = Stopwatch.StartNew();
        var wanted = Tutorial(network, content, style, options);
        var theirs = clock.Elapsed.TotalSeconds;

        double? ours = null;
        using var stop = new CancellationTokenSource();
        StyleTransfer.Run(content, style, network, options, new Watcher(at =>
        {
            if (at.Sample!.Width < Size || at.Values[0].Value > wanted) return;
            ours ??= at.Elapsed.TotalSeconds;
            stop.Cancel();
        }), stop.Token);
        yield return new($"tutorial recipe, {Closures} closures at {Size} px", theirs, "s");
        yield return new("  total loss it reaches", wanted);
        yield return new("time to that loss, ours over the recipe's", (ours ?? double.PositiveInfinity) / theirs, AtMost: 1 / 3.0);
    }

    private static double Tutorial(FeatureNetwork network, Picture content, Picture style, StyleTransferOptions options)
    {
        using var scope = NewDisposeScope();
        var (start, wanted) = (content.ToTensor(), style.ToTensor());
        using var loss = new TotalLoss(network,
            new ContentLoss(network, start, weight: options.ContentWeight),
            new StyleLoss(network, wanted, options.Statistic, weight: options.StyleWeight));
        var picture = new Parameter(start.clone());
        var lbfgs = optim.LBFGS([picture], lr: 1, max_iter: 20, max_eval: 25);
        for (var closures = 0; closures < Closures;)
            lbfgs.step(() =>
            {
                closures++;
                using (no_grad()) picture.clamp_(0, 1);
                lbfgs.zero_grad();
                var total = loss.Of(picture)[0];
                total.backward();
                return total;
            });
        using (no_grad()) return loss.Of(picture.clamp(0, 1))[0].ToDouble();
    }

    private sealed class Watcher(Action<TrainingProgress> watch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => watch(value);
    }
}

using ImageGen.Imaging;
using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>One size on the way from coarse to fine.</summary>
/// <param name="Height">The picture's height here, in pixels.</param>
/// <param name="Width">Its width.</param>
/// <param name="Steps">Steps taken at this size.</param>
internal sealed record Level(int Height, int Width, int Steps);

/// <summary>
/// Optimizes the pixels of one picture, small sizes first. A small picture shows the network's filters its large
/// shapes; each finer level starts from the coarser one's result and adds detail.
/// </summary>
internal sealed class CoarseToFine : IDisposable
{
    private readonly IReadOnlyList<Level> levels;
    private readonly Func<Level, TotalLoss> lossAt;
    private readonly StyleOptimizer method;
    private readonly double learningRate;

    private Tensor picture;
    private TotalLoss? loss;
    private Lbfgs? lbfgs;
    private Adam? adam;
    private int level = -1, stepsLeft;

    /// <param name="start">What to begin with, <c>[1, 3, H, W]</c> of any size; copied.</param>
    /// <param name="levels">The sizes, coarsest first.</param>
    /// <param name="lossAt">Makes the loss for one size; it is disposed when the level ends.</param>
    /// <param name="method">Who follows the gradient.</param>
    /// <param name="learningRate">Adam's.</param>
    public CoarseToFine(
        Tensor start, IReadOnlyList<Level> levels, Func<Level, TotalLoss> lossAt, StyleOptimizer method, double learningRate)
    {
        (this.levels, this.lossAt, this.method, this.learningRate) = (levels, lossAt, method, learningRate);
        picture = start.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>Shares the steps between sizes that double up to the final one.</summary>
    /// <param name="height">The final height.</param>
    /// <param name="width">The final width.</param>
    /// <param name="steps">Steps in all.</param>
    /// <param name="count">Sizes wanted; those whose shorter side would fall below <paramref name="leastSide"/> are left out.</param>
    /// <param name="leastSide">The least side, in pixels.</param>
    public static IReadOnlyList<Level> Plan(int height, int width, int steps, int count, int leastSide)
    {
        while (count > 1 && (Math.Min(height, width) >> (count - 1) < leastSide || count > steps)) count--;
        // Coarse steps are cheap and decide most: each level gets a fifth fewer than the one before.
        var shares = Enumerable.Range(0, count).Select(i => Math.Pow(0.8, i)).ToArray();
        var levels = new List<Level>();
        var left = steps;
        for (var i = 0; i < count; i++)
        {
            var later = count - 1 - i; // each of them is left a step at least
            var share = later == 0 ? left : Math.Clamp((int)Math.Round(steps * shares[i] / shares.Sum()), 1, left - later);
            levels.Add(new(height >> later, width >> later, share));
            left -= share;
        }
        return levels;
    }

    /// <summary>Runs every level, or as many steps as there are before somebody cancels.</summary>
    /// <param name="lossNames">The names of the losses that <c>lossAt</c>'s give.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends the run with what there is.</param>
    public (Picture Picture, LoopResult Loop) Run(
        IReadOnlyList<string> lossNames, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        // What L-BFGS remembers is not in the state: nothing can go on from the middle.
        var state = new TrainingState { Resumable = false }.Add("picture", () => picture, Replace);
        var loop = new TrainingLoop(levels.Sum(level => level.Steps), lossNames, state,
            new ProgressReports(progress, Show), new Cancellation(cancellation)).Run(_ => Step());
        var last = levels[^1];
        if (picture.shape is [_, _, var height, var width] && height == last.Height && width == last.Width) return (Show(), loop);
        using var finished = Resampler.Resize(picture.detach(), last.Height, last.Width);
        return (Picture.FromTensor(finished), loop);
    }

    public void Dispose()
    {
        EndLevel();
        picture.Dispose();
    }

    private Picture Show() => Picture.FromTensor(picture);

    private void Replace(Tensor other)
    {
        var copy = other.to(picture.device).clone().DetachFromDisposeScope();
        picture.Dispose();
        picture = copy;
    }

    private Tensor Step()
    {
        if (stepsLeft == 0) BeginLevel();
        stepsLeft--;
        if (lbfgs is not null) return lbfgs.Step();

        adam!.zero_grad();
        var losses = loss!.Of(picture);
        losses[0].backward();
        adam.step();
        return losses.detach();
    }

    private void BeginLevel()
    {
        EndLevel();
        var next = levels[++level];
        var parameter = new Parameter(Resampler.Resize(picture.detach(), next.Height, next.Width).clone());
        picture.Dispose();
        picture = parameter.DetachFromDisposeScope();
        stepsLeft = next.Steps;
        loss = lossAt(next);
        if (method == StyleOptimizer.Lbfgs) lbfgs = new Lbfgs(picture, () => loss.Of(picture));
        else adam = optim.Adam([parameter], learningRate);
    }

    private void EndLevel()
    {
        lbfgs?.Dispose();
        adam?.Dispose();
        loss?.Dispose();
        (lbfgs, adam, loss) = (null, null, null);
    }
}

using ImageGen.Imaging;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class StepLoopTests
{
    [Fact]
    public void EveryLossIsKeptAndTheFirstAndLastStepAreReported()
    {
        var reports = new Reports();
        var loop = new StepLoop(50, ["loss", "twice"], reports);
        var result = loop.Run(step => tensor(new[] { (float)step, 2f * step }));
        Assert.Equal(50, result.Losses.Steps.Count);
        Assert.Equal(Enumerable.Range(1, 50).Select(step => 2.0 * step), result.Losses["twice"]);
        Assert.False(result.Cancelled);
        Assert.Equal(1, reports.Seen[0].Step);
        Assert.Equal(50, reports.Seen[^1].Step);
        Assert.Equal([new("loss", 50), new("twice", 100)], reports.Seen[^1].Values);
        Assert.All(reports.Seen, report => Assert.Equal(50, report.Steps));
        // 50 instant steps take far less than half a second: nothing is reported between.
        Assert.True(reports.Seen.Count <= 2 + result.Elapsed.TotalSeconds * 2, $"{reports.Seen.Count} reports");
    }

    [Fact]
    public void ASampleIsMadeOnlyForAReport()
    {
        var reports = new Reports();
        var made = 0;
        new StepLoop(20, ["loss"], reports).Run(_ => zeros(1), () => { made++; return new Picture(1, 1, [1, 2, 3]); });
        Assert.Equal(reports.Seen.Count, made);
        Assert.All(reports.Seen, report => Assert.NotNull(report.Sample));
        new StepLoop(20, ["loss"]).Run(_ => zeros(1), () => throw new InvalidOperationException("nobody watches"));
    }

    [Fact]
    public void CancellingEndsWithWhatThereIs()
    {
        using var stop = new CancellationTokenSource();
        var result = new StepLoop(10, ["loss"], cancellation: stop.Token).Run(step =>
        {
            if (step == 3) stop.Cancel();
            return ones(1) * step;
        });
        Assert.True(result.Cancelled);
        Assert.Equal([1, 2, 3], result.Losses["loss"]);
    }

    [Fact]
    public void AStepsTensorsDieWithIt()
    {
        using var scope = NewDisposeScope();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var most = 0L;
        new StepLoop(30, ["loss"]).Run(_ =>
        {
            var made = rand(4, 4).exp().sum().view(1);
            most = Math.Max(most, DisposeScopeManager.Statistics.ThreadTotalLiveCount - before);
            return made;
        });
        Assert.True(most < 10, $"{most} tensors were alive at once");
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void UnknownLossesAreNamed() =>
        Assert.Contains("no loss 'gloss'", Assert.Throws<KeyNotFoundException>(() => new LossHistory(["loss"], [])["gloss"]).Message);

    // Progress<T> reports on another thread; tests want to see them at once.
    private sealed class Reports : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> Seen { get; } = [];

        public void Report(TrainingProgress value) => Seen.Add(value);
    }
}

using ImageGen.Imaging;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class TrainingLoopTests
{
    [Fact]
    public void EveryLossIsKeptAndTheFirstAndLastStepAreReported()
    {
        var reports = new Reports();
        var loop = new TrainingLoop(50, ["loss", "twice"], new ProgressReports(reports));
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
        Picture Sample()
        {
            made++;
            return new(1, 1, [1, 2, 3]);
        }
        new TrainingLoop(20, ["loss"], new ProgressReports(reports, Sample)).Run(_ => zeros(1));
        Assert.Equal(reports.Seen.Count, made);
        Assert.All(reports.Seen, report => Assert.NotNull(report.Sample));
        var unseen = new ProgressReports(null, () => throw new InvalidOperationException("nobody watches"));
        new TrainingLoop(20, ["loss"], unseen).Run(_ => zeros(1));
    }

    // Steps 1 and 9 are reported, and none between: nothing here takes half a second.
    [Theory]
    [InlineData(8, 2)]
    [InlineData(9, 2)] // the last step always has one
    [InlineData(0, 0)]
    public void APictureIsMadeEverySoManySteps(int every, int pictures)
    {
        var (reports, made) = (new Reports(), 0);
        Picture Sample() => new(1, 1, [(byte)++made, 0, 0]);
        new TrainingLoop(9, ["loss"], new ProgressReports(reports, Sample, every)).Run(_ => zeros(1));
        Assert.Equal(pictures, made);
    }

    [Fact]
    public void CallbacksComeInTheirOrderAroundEachStep()
    {
        var calls = new List<string>();
        var loop = new TrainingLoop(2, ["loss"], new Noting("watches", 2, calls), new Noting("acts", 0, calls));
        loop.Run(step =>
        {
            calls.Add($"step {step}");
            return zeros(1);
        });
        Assert.Equal(
        [
            "acts begins", "watches begins",
            "acts before 1", "watches before 1", "step 1", "acts after 1", "watches after 1",
            "acts before 2", "watches before 2", "step 2", "acts after 2", "watches after 2",
            "acts ends", "watches ends",
        ], calls);
    }

    [Fact]
    public void AverageSeedAndRateFollowEachStep()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Linear(1, 1, hasBias: false);
        using var optimizer = optim.SGD(model.parameters(), 1);
        using var ema = new Ema(model, 0.5);
        var (rates, drawn) = (new List<double>(), new List<float>());
        var loop = new TrainingLoop(3, ["loss"], new LearningRateSchedule(optimizer, step => step / 8.0), new StepSeeds(4), ema);
        loop.Run(step =>
        {
            rates.Add(optimizer.ParamGroups.Single().LearningRate);
            drawn.Add(rand(1).item<float>());
            loop.Skipped = step == 2;
            return zeros(1);
        });
        Assert.Equal([0.125, 0.25, 0.375], rates);
        Assert.Equal([.. Enumerable.Range(1, 3).Select(Expected)], drawn);
        Assert.Equal(2, ema.Updates); // not of the step that was skipped

        static float Expected(int step)
        {
            manual_seed(ImageGen.Runtime.Seeds.At(4, step));
            return rand(1).item<float>();
        }
    }

    [Fact]
    public void CancellingEndsWithWhatThereIs()
    {
        using var stop = new CancellationTokenSource();
        var result = new TrainingLoop(10, ["loss"], new Cancellation(stop.Token)).Run(step =>
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
        new TrainingLoop(30, ["loss"]).Run(_ =>
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

    private sealed class Noting(string name, int order, List<string> calls) : Callback
    {
        public override int Order => order;

        public override void Begin(TrainingLoop loop) => calls.Add($"{name} begins");

        public override void BeforeStep(TrainingLoop loop, int step) => calls.Add($"{name} before {step}");

        public override void AfterStep(TrainingLoop loop) => calls.Add($"{name} after {loop.State.Step}");

        public override void End(TrainingLoop loop) => calls.Add($"{name} ends");
    }

    // Progress<T> reports on another thread; tests want to see them at once.
    private sealed class Reports : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> Seen { get; } = [];

        public void Report(TrainingProgress value) => Seen.Add(value);
    }
}

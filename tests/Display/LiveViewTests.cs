using ImageGen.Display;
using ImageGen.Training;

namespace ImageGen.Tests;

public class LiveViewTests
{
    private sealed class FakeClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    /// <summary>Keeps what was shown, and lets a test wait until there is more.</summary>
    private sealed class Page
    {
        private readonly List<Drawing> shown = [];

        public IReadOnlyList<Drawing> Shown
        {
            get { lock (shown) return [.. shown]; }
        }

        public void Show(Drawing drawing)
        {
            lock (shown) shown.Add(drawing);
        }

        public void WaitFor(int count) =>
            Assert.True(SpinWait.SpinUntil(() => { lock (shown) return shown.Count >= count; }, TimeSpan.FromSeconds(30)), $"no {count} drawings came");
    }

    private static TrainingProgress Step(int step, int steps = 100) =>
        new(step, steps, TimeSpan.FromSeconds(step), [new("content", 1.0 / step), new("style", 10.0 / step)], Fixture.Pattern(32, 32));

    [Fact]
    public void AtMostTwoDrawingsASecondAndAlwaysTheLast()
    {
        var (clock, page) = (new FakeClock(), new Page());
        using (var view = new LiveView("Training", true, clock, page.Show))
        {
            Assert.Single(page.Shown);
            for (var step = 1; step <= 40; step++)
            {
                view.Report(Step(step));
                clock.Now += TimeSpan.FromMilliseconds(10); // 0.4 s in all
            }
            Assert.Single(page.Shown);
            clock.Now += TimeSpan.FromSeconds(0.2);
            view.Report(Step(41));
            page.WaitFor(2);
            view.Report(Step(42));
            Assert.Equal(2, page.Shown.Count);
        }
        Assert.Equal(3, page.Shown.Count);
        Assert.Equal("Training: stopped at step 42 of 100 after 0:42", page.Shown[^1].Description);
    }

    [Fact]
    public void DrawingTimeLengthensThePause()
    {
        var (clock, page) = (new FakeClock(), new Page());
        using var view = new LiveView("Training", true, clock, drawing =>
        {
            if (page.Shown.Count > 0) Thread.Sleep(Environment.ProcessorCount * 40); // a 50th of two seconds
            page.Show(drawing);
        });
        clock.Now += TimeSpan.FromSeconds(1);
        view.Report(Step(1));
        page.WaitFor(2);
        Thread.Sleep(50);
        clock.Now += TimeSpan.FromSeconds(1.5);
        view.Report(Step(2));
        Thread.Sleep(100);
        Assert.Equal(2, page.Shown.Count);
        clock.Now += TimeSpan.FromSeconds(2.5); // 4 s is the longest
        Assert.True(SpinWait.SpinUntil(() =>
        {
            view.Report(Step(3)); // the frame before may still be on its way out
            return page.Shown.Count == 3;
        }, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void AFrameThatIsStillBeingDrawnIsNotWaitedFor()
    {
        var (clock, page) = (new FakeClock(), new Page());
        using var mayDraw = new ManualResetEventSlim();
        var view = new LiveView("Training", true, clock, drawing =>
        {
            if (page.Shown.Count > 0) mayDraw.Wait(TimeSpan.FromSeconds(30));
            page.Show(drawing);
        });
        for (var step = 1; step <= 5; step++)
        {
            clock.Now += TimeSpan.FromSeconds(10);
            view.Report(Step(step)); // would hang here if it waited
        }
        Assert.Single(page.Shown);
        mayDraw.Set();
        view.Dispose();
        Assert.Equal(3, page.Shown.Count);
        Assert.Contains("step 5 of 100", page.Shown[^1].Description);
    }

    [Fact]
    public void TheFinalDrawingSaysThatItIsDone()
    {
        var page = new Page();
        var view = new LiveView("Style transfer", true, new FakeClock(), page.Show);
        view.Report(Step(100));
        view.Dispose();
        view.Dispose();
        view.Report(Step(100));
        Assert.Equal(2, page.Shown.Count);
        Assert.Equal("Style transfer: 100 steps in 1:40", page.Shown[^1].Description);
        Assert.Equal(1520, page.Shown[^1].Picture.Width);
        // The sample of 32 pixels is drawn 17 times as large, in whole pixels.
        Assert.Equal(Fixture.Pattern(32, 32)[0, 0], page.Shown[^1].Picture[1520 - 40 - 544 + 8, 2 * 70 + 8]);
    }

    [Fact]
    public void WithoutAReportItSaysSo()
    {
        var page = new Page();
        new LiveView("Training", true, new FakeClock(), page.Show).Dispose();
        Assert.Equal(["Training: starting", "Training: stopped before the first step"], page.Shown.Select(drawing => drawing.Description));
    }

    [Fact]
    public void OutsideANotebookItIsSilent()
    {
        using var view = new LiveView("Training");
        view.Report(Step(1));
    }

    [Fact]
    public void ALongTrainingIsThinnedFromStartToEnd()
    {
        var history = new LiveHistory();
        for (var step = 1; step <= 50_000; step++) history.Add(Step(step, 50_000));
        var curve = Assert.IsType<LineSeries>(history.Curves()[0]);
        Assert.InRange(curve.X.Count, 400, 1024);
        Assert.Equal(1, curve.X[0]);
        Assert.InRange(curve.X[^1], 49_000, 50_000);
        Assert.Equal("content 2e−5", curve.Name);
    }

    [Fact]
    public void ACurveThatStartsLaterHasAGapBefore()
    {
        var history = new LiveHistory();
        history.Add(new(1, 2, TimeSpan.Zero, [new("a", 1)]));
        history.Add(new(2, 2, TimeSpan.Zero, [new("b", 3)]));
        Assert.Equal(["a", "b 3"], history.Curves().Select(curve => curve.Name));
        Assert.Equal([double.NaN, 3], ((LineSeries)history.Curves()[1]).Y);
    }
}

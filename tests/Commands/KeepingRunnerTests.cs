using ImageGen.Course.Running;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Imaging;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Commands;

/// <summary>A lesson at full scale that goes on does not make again what it had made: its cells give the same as if they had never been stopped.</summary>
public sealed class KeepingRunnerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    private int Kept => Directory.GetFiles(folder.Path).Length;

    [Fact]
    public void FeaturesAndDistancesAreMeasuredOnce()
    {
        using var scope = NewDisposeScope();
        using var network = new Counting();
        (float[] Features, Estimate Distance, float Chance) Cell() => InCell(() =>
        {
            manual_seed(5);
            var some = InBatches.Features(network, rand(6, 3, 4, 4), size: 4);
            return (some.data<float>().ToArray(), FrechetDistance.Of(some, some.flip(0) * 2, resamples: 8), rand(1).item<float>());
        });
        var (first, second) = (Cell(), Cell());
        Assert.Equal(6, network.Pictures);
        Assert.Equal(2, Kept);
        Assert.Equal(first.Features, second.Features);
        Assert.Equal((first.Distance, first.Chance), (second.Distance, second.Chance)); // the network drew from chance
    }

    [Fact]
    public void ALessonThatIsNotKeptMeasuresAnew()
    {
        using var scope = NewDisposeScope();
        using var network = new Counting();
        for (var i = 0; i < 2; i++)
        {
            using var cell = Runner.Enter(new Runner());
            InBatches.Features(network, ones(6, 3, 4, 4));
        }
        Assert.Equal((12, 0), (network.Pictures, Kept));
    }

    [Fact]
    public void AFinishedStyleTransferIsTakenUpAndAStoppedOneIsNot()
    {
        using var network = new FilterPyramid();
        var (content, style) = (CoursePictures.Style("woodcut").FitWithin(40), CoursePictures.Style("glass").FitWithin(40));
        var options = new StyleTransferOptions { Size = 40, Steps = 3, Levels = 1 };
        StyleTransferResult Paint(Action<TrainingProgress> seen, CancellationToken stop) =>
            InCell(() => StyleTransfer.Run(content, style, network, options, new Watch(seen), stop));

        using var stopping = new CancellationTokenSource();
        Assert.True(Paint(_ => stopping.Cancel(), stopping.Token).Cancelled);
        Assert.Equal(0, Kept);
        var made = Paint(_ => { }, cancellation);
        Assert.False(made.Cancelled);
        var seen = new List<TrainingProgress>();
        var kept = Paint(seen.Add, cancellation);
        Assert.Equal(made.Picture.Rgb, kept.Picture.Rgb);
        Assert.Equal((made.Picture.Width, made.Elapsed, made.Network, false), (kept.Picture.Width, kept.Elapsed, kept.Network, kept.Cancelled));
        Assert.Equal(made.Losses.Names, kept.Losses.Names);
        Assert.Equal(made.Losses["total"], kept.Losses["total"]);
        Assert.Equal([1, 2, 3], seen.Select(report => report.Step));
        Assert.Equal(made.Picture.Rgb, seen[^1].Sample!.Rgb);
    }

    [Fact]
    public void TexturesAreKeptInTheirOrder()
    {
        using var network = new FilterPyramid();
        var options = new TextureOptions { Width = 32, Height = 40, ExampleSize = 40, Steps = 2, Levels = 1 };
        byte[][] Cell() => InCell(() => new[] { "glass", "tide" }.Select(name => TextureSynthesis.Run(CoursePictures.Style(name), network, options, cancellation: cancellation).Picture.Rgb).ToArray());
        var first = Cell();
        File.Delete(Directory.GetFiles(folder.Path).Order().Last()); // as if it had been stopped in the second
        Assert.Equal(first, Cell());
        Assert.NotEqual(first[0], first[1]);
    }

    [Fact]
    public void ABertThatHasLearnedIsTakenUp()
    {
        using var scope = NewDisposeScope();
        string[] captions = ["a red flower", "a blue flower with white petals"];
        (float[] Vectors, IReadOnlyList<double> Losses) Cell()
        {
            var text = BertText.Untrained(captions, new BertConfig(200, Width: 16, Layers: 1, Heads: 2, FeedForward: 16, Positions: 40));
            var result = InCell(() => MaskedLanguageTraining.Run(text, captions, new() { Steps = 4, BatchSize = 2 }, cancellation: cancellation));
            return (text.Embed(captions).data<float>().ToArray(), result.Losses["loss"]);
        }
        var (first, second) = (Cell(), Cell());
        Assert.Equal(first.Vectors, second.Vectors);
        Assert.Equal(first.Losses, second.Losses);
    }

    [Fact]
    public void GeneratedPicturesAreKeptUnlessSomebodyWatchesOrStops()
    {
        using var scope = NewDisposeScope();
        using var model = DiffusionFixtures.Small();
        Tensor Cell(CancellationToken stop, Action<SamplingStep>? seen = null) =>
            InCell(() => model.Generate(["a red flower"], new() { Steps = 2, Seed = 3 }, seen, stop));
        Cell(new(canceled: true));
        Cell(cancellation, seen: _ => { });
        Assert.Equal(0, Kept);
        var made = Cell(cancellation);
        Assert.Equal(1, Kept);
        foreach (var parameter in model.UNet.parameters()) parameter.requires_grad_(false).zero_(); // what is taken up is not made again
        Assert.True(made.equal(Cell(cancellation)).all().item<bool>());
    }

    [Fact]
    public void ADamagedFileIsNamed()
    {
        using var scope = NewDisposeScope();
        using var network = new Counting();
        float[] Cell() => InCell(() => InBatches.Features(network, ones(2, 3, 4, 4)).data<float>().ToArray());
        Cell();
        var file = Directory.GetFiles(folder.Path).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^4]);
        Assert.Contains(Path.GetFileName(file), Assert.Throws<CourseException>(Cell).Message);
    }

    public void Dispose() => folder.Dispose();

    private T InCell<T>(Func<T> work)
    {
        using var cell = Runner.Enter(new KeepingRunner(folder["003-abc"]));
        return work();
    }

    private sealed class Watch(Action<TrainingProgress> seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen(value);
    }

    private sealed class Counting : IPictureFeatures
    {
        public long Pictures { get; private set; }

        public string Description => "the mean colors, with some noise";

        public bool IsProxy => true;

        public int Width => 3;

        public Tensor Features(Tensor pictures)
        {
            Pictures += pictures.shape[0];
            return pictures.mean([2, 3]) + 0.01 * rand(pictures.shape[0], 3);
        }

        public void Dispose()
        {
        }
    }
}

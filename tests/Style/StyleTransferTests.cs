using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class StyleTransferTests
{
    private static readonly StyleTransferOptions Quick = new() { Size = 48, Steps = 6, Levels = 2 };
    private static readonly Picture Content = Leaves(40, 60, seed: 1), Style = Leaves(50, 50, seed: 2);

    [Theory]
    [InlineData(StyleOptimizer.Lbfgs, StyleStart.Content)]
    [InlineData(StyleOptimizer.Lbfgs, StyleStart.Noise)]
    [InlineData(StyleOptimizer.Adam, StyleStart.Style)]
    public void TheLossFallsAndTheResultSaysHow(StyleOptimizer optimizer, StyleStart start)
    {
        using var network = new FilterPyramid();
        var result = Paint(network, Quick with { Optimizer = optimizer, Start = start, Levels = 1, Steps = 12 });
        Assert.Equal((32, 48), (result.Picture.Height, result.Picture.Width));
        Assert.Equal(["total", "content", "style", "smoothness", "range"], result.Losses.Names);
        var total = result.Losses["total"];
        Assert.Equal(12, total.Count);
        Assert.True(total[^1] < 0.9 * total[0], $"{total[0]} → {total[^1]}");
        Assert.Equal(network.Description, result.Network);
        Assert.False(result.Cancelled);
    }

    [Fact]
    public void WithoutStyleTheContentComesBack()
    {
        using var network = new FilterPyramid();
        var options = Quick with
        {
            StyleWeight = 0, SmoothnessWeight = 0, Levels = 1, Colors = StyleColors.Unmatched, Steps = 40,
            Start = StyleStart.Noise, ContentLayers = ["gabor1", "cosine"],
        };
        var picture = Paint(network, options).Picture;
        var wanted = Content.Resize(48, 32);
        var difference = picture.Rgb.Zip(wanted.Rgb, (a, b) => Math.Abs(a - b)).Average();
        Assert.True(difference < 12, $"{difference} levels of 255 on average");
    }

    [Fact]
    public void TheSameSeedPaintsTheSamePicture()
    {
        using var network = new FilterPyramid();
        var options = Quick with { Start = StyleStart.Noise };
        var first = Paint(network, options).Picture;
        Assert.Equal(first, Paint(network, options).Picture);
        Assert.NotEqual(first, Paint(network, options with { Seed = 8 }).Picture);
    }

    [Fact]
    public void ColorsComeFromWhereTheyShould()
    {
        using var network = new FilterPyramid();
        var red = new Picture(40, 40, [.. Leaves(40, 40, seed: 3).Rgb.Select((value, i) => (byte)(i % 3 == 0 ? 155 + value / 3 : value / 4))]);
        double Redness(StyleColors colors)
        {
            var picture = Paint(style: red, network: network, options: Quick with { Colors = colors }).Picture;
            return Enumerable.Range(0, picture.Rgb.Length / 3).Average(i => picture.Rgb[3 * i] - picture.Rgb[3 * i + 1]);
        }
        Assert.True(Redness(StyleColors.FromStyle) > 100);
        Assert.True(Redness(StyleColors.FromContent) < 30);
    }

    [Fact]
    public void VggWorksInThePyramidsPlace()
    {
        using var network = new VggFeatures(lastLayer: "relu5_1");
        var result = Paint(network, Quick with { Steps = 2, Levels = 1 });
        Assert.Equal("VGG-19, random weights: nothing trained", result.Network);
        Assert.Equal(2, result.Losses.Steps.Count);
    }

    [Fact]
    public void CancellingGivesWhatThereIsInFullSize()
    {
        using var network = new FilterPyramid();
        using var stop = new CancellationTokenSource();
        var watcher = new Watcher(_ => stop.Cancel());
        var result = Paint(network, Quick, watcher, stop.Token);
        Assert.True(result.Cancelled);
        Assert.Single(result.Losses.Steps);
        Assert.Equal((32, 48), (result.Picture.Height, result.Picture.Width));
    }

    [Fact]
    public void NoTensorIsLeftBehindByAnEndACancelOrAnError()
    {
        using var network = new FilterPyramid();
        using var stop = new CancellationTokenSource();
        Paint(network, Quick); // whatever is made once is made now
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Paint(network, Quick);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Paint(network, Quick with { Optimizer = StyleOptimizer.Adam });
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Weave(network, new() { Width = 40, Height = 32, Steps = 3 });
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Paint(network, Quick, new Watcher(_ => stop.Cancel()), stop.Token);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        var broken = new Watcher(_ => throw new InvalidOperationException("a watcher that fails"));
        Assert.Throws<InvalidOperationException>(() => Paint(network, Quick, broken));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void ProgressShowsThePictureInTheMaking()
    {
        using var network = new FilterPyramid();
        var seen = new List<TrainingProgress>();
        Paint(network, Quick with { Size = 96 }, new Watcher(seen.Add));
        Assert.Equal((1, 6), (seen[0].Step, seen[^1].Step));
        Assert.Equal(48, seen[0].Sample!.Width);
        Assert.Equal(96, seen[^1].Sample!.Width);
        Assert.Equal(["total", "content", "style", "smoothness", "range"], seen[0].Values.Select(value => value.Name));
    }

    [Fact]
    public void WrongOptionsAreNamed()
    {
        using var network = new FilterPyramid();
        void Says(string part, StyleTransferOptions options, Picture? content = null) => Assert.Contains(part,
            Assert.Throws<CourseException>(() => Paint(network, options, content: content)).Message);
        Says("Size is 5; it must lie between 32 and 4096", Quick with { Size = 5 });
        Says("Steps is 0", Quick with { Steps = 0 });
        Says("StyleWeight is NaN", Quick with { StyleWeight = double.NaN });
        Says("LearningRate is 2", Quick with { LearningRate = 2 });
        Says("no layer 'relu4_2'", Quick with { ContentLayers = ["relu4_2"] });
        Says("1×1", Quick, new Picture(1, 1, [9, 9, 9]));
        Says("becomes 48×5", Quick, new Picture(400, 40, new byte[400 * 40 * 3]));
    }

    [Fact]
    public void ATextureHasTheSizeAskedForAndTheExamplesLook()
    {
        using var network = new FilterPyramid();
        var result = Weave(network, new() { Width = 72, Height = 40, ExampleSize = 48, Steps = 12, Levels = 2 });
        Assert.Equal((72, 40), (result.Picture.Width, result.Picture.Height));
        Assert.Equal(["total", "style", "range"], result.Losses.Names);
        Assert.True(result.Losses["style"][^1] < 0.5 * result.Losses["style"][0]);
        Assert.Contains("Width is 3", Assert.Throws<CourseException>(() => Weave(network, new() { Width = 3 })).Message);
    }

    [Theory]
    [InlineData(256, 192, 150, 3, "64×48:61 128×96:49 256×192:40")]
    [InlineData(100, 40, 10, 3, "100×40:10")]
    [InlineData(256, 256, 1, 3, "256×256:1")]
    [InlineData(320, 320, 4, 4, "40×40:1 80×80:1 160×160:1 320×320:1")]
    [InlineData(1280, 1280, 7, 6, "40×40:2 80×80:1 160×160:1 320×320:1 640×640:1 1280×1280:1")]
    public void LevelsDoubleAndShareTheSteps(int width, int height, int steps, int count, string expected) =>
        Assert.Equal(expected, string.Join(" ", CoarseToFine.Plan(height, width, steps, count, leastSide: 40)
            .Select(level => $"{level.Width}×{level.Height}:{level.Steps}")));

    private static StyleTransferResult Paint(
        FeatureNetwork network, StyleTransferOptions options, IProgress<TrainingProgress>? progress = null,
        CancellationToken? stop = null, Picture? content = null, Picture? style = null) =>
        StyleTransfer.Run(content ?? Content, style ?? Style, network, options, progress, stop ?? TestContext.Current.CancellationToken);

    private static StyleTransferResult Weave(FeatureNetwork network, TextureOptions options) =>
        TextureSynthesis.Run(Style, network, options, cancellation: TestContext.Current.CancellationToken);

    private static Picture Leaves(int height, int width, int seed)
    {
        using var drawn = DeadLeaves.Draw(1, Math.Max(height, width), seed);
        return Picture.FromTensor(drawn).Crop(width, height);
    }

    private sealed class Watcher(Action<TrainingProgress> watch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => watch(value);
    }
}

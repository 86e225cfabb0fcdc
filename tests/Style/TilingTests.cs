using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class TilingTests
{
    public static TheoryData<string> Statistics => ["Gram", "centered Gram", "Wasserstein-2"];

    [Theory]
    [InlineData("pyramid", 150, 203, 70)]
    [InlineData("pyramid", 97, 64, 50)]
    [InlineData("vgg", 261, 198, 140)]
    [InlineData("resnet", 241, 269, 130)]
    [InlineData("resnet", 256, 192, 128)]
    public void PiecesSideBySideAreTheWhole(string which, int height, int width, int side)
    {
        using var scope = NewDisposeScope();
        using var network = Network(which);
        var picture = DeadLeaves.Draw(1, 270, seed: 1)[.., .., ..height, ..width];
        var whole = network.Extract(picture, network.LayerNames);
        var tiling = new Tiling(network, height, width, side);
        Assert.True(tiling.Tiles.Count > 1);
        var rows = tiling.Tiles.GroupBy(tile => tile.Rows).ToList();
        foreach (var layer in network.LayerNames)
        {
            var joined = cat([.. rows.Select(row => cat([.. row.Select(tile => tiling.Extract(tile.Cut(picture), tile, [layer])[layer])], 3))], 2);
            Assert.Equal(whole[layer].shape, joined.shape);
            Assert.True((whole[layer] - joined).abs().max().ToDouble() < 1e-4, layer);
        }
    }

    [Theory]
    [MemberData(nameof(Statistics))]
    public void InPiecesLossesAndGradientAreTheSame(string name) => Compare("pyramid", name, size: (120, 155), side: 60);

    [Theory]
    [InlineData("ink, combed")]
    [InlineData("half way to another hue")]
    [InlineData("scaled Gram")]
    public void InPiecesTransformedStatisticsAreTheSame(string which)
    {
        StyleStatistic statistic = which switch
        {
            "ink, combed" => PyramidStyles.Ink.Then(PyramidStyles.Combed(90)),
            "half way to another hue" => StyleStatistic.Gram.Toward(PyramidStyles.Hue(90), 0.5),
            _ => new TransformedStatistic("x", FeatureTransforms.Scale(layer => layer == "cosine" ? 2 : 0.5), StyleStatistic.Gram),
        };
        Compare("pyramid", statistic, size: (120, 155), side: 60, PyramidChannels.Layers);
    }

    [Fact]
    public void InPiecesSeveralStylesInTheirRegionsAreTheSame()
    {
        using var scope = NewDisposeScope();
        using var network = Network("pyramid");
        var (style, other) = (DeadLeaves.Draw(1, 130, seed: 2), DeadLeaves.Draw(1, 110, seed: 5));
        var tiling = new Tiling(network, 121, 158, side: 60);
        // A slanted edge, and a small spot that most pieces know nothing of.
        using var edge = new Region(Mask((x, y) => x + y / 3 < 70), network.Device);
        using var spot = new Region(Mask((x, y) => x is > 101 and < 117 && y is > 90 and < 98), network.Device);
        using var whole = new TotalLoss(network, new ManyStylesLoss(
            [(Loss(style), 0.6, edge), (Loss(other), 0.3, null), (Loss(style[.., .., ..90, ..]), 1, spot)], weight: 20));
        using var pieces = new TiledLoss(network, tiling, new ManyStylesLoss(
            [(TiledLossOf(style), 0.6, edge), (TiledLossOf(other), 0.3, null), (TiledLossOf(style[.., .., ..90, ..]), 1, spot)], weight: 20, tiling));
        AreTheSame(whole, pieces, (121, 158));

        StyleLoss Loss(Tensor picture) => new(network, picture, StyleStatistic.Wasserstein);
        StyleLoss TiledLossOf(Tensor picture) =>
            new(network, picture, new Tiling(network, picture.size(2), picture.size(3), 60), StyleStatistic.Wasserstein, null, weight: 1);
        static Picture Mask(Func<int, int, bool> inside) =>
            new(158, 121, [.. Enumerable.Range(0, 158 * 121).SelectMany(i => Enumerable.Repeat((byte)(inside(i % 158, i / 158) ? 255 : 0), 3))]);
    }

    [Fact]
    public void InPiecesVggIsTheSame() =>
        // Large enough that the pieces, too, lie channels last: each layout rounds in its own way.
        Compare("vgg", "Gram", size: (300, 270), side: 160);

    [Fact]
    public void InPiecesResNetIsTheSame() => Compare("resnet", "Wasserstein-2", size: (213, 190), side: 110);

    private static void Compare(string which, string name, (int Height, int Width) size, int side) =>
        Compare(which, StyleStatistic.All.Single(statistic => statistic.Name == name), size, side);

    private static void Compare(string which, StyleStatistic statistic, (int Height, int Width) size, int side, IReadOnlyList<string>? layers = null)
    {
        using var scope = NewDisposeScope();
        using var network = Network(which);
        var content = DeadLeaves.Draw(1, Math.Max(220, size.Height), seed: 1)[.., .., ..size.Height, ..size.Width];
        var style = DeadLeaves.Draw(1, 220, seed: 2)[.., .., ..180, ..];
        // One layer is looked at by both losses.
        string[] contentLayers = [network.ContentLayers[0], network.StyleLayers[1]];
        using var whole = new TotalLoss(network,
            new ContentLoss(network, content, contentLayers, weight: 2), new StyleLoss(network, style, statistic, layers, weight: 20),
            new TotalVariation(0.2), new RangePenalty(30));
        var tiling = new Tiling(network, size.Height, size.Width, side);
        using var pieces = new TiledLoss(network, tiling,
            new ContentLoss(network, content, tiling, contentLayers, weight: 2),
            new StyleLoss(network, style, new Tiling(network, 180, 220, side), statistic, layers, weight: 20),
            new TotalVariation(0.2), new RangePenalty(30));
        Assert.True(tiling.Tiles.Count > 3);
        AreTheSame(whole, pieces, size);
    }

    private static void AreTheSame(TotalLoss whole, TiledLoss pieces, (int Height, int Width) size)
    {
        // Two pictures, one after the other: nothing of the first may stay.
        foreach (var seed in new[] { 3, 4 })
        {
            // With noise: where a picture is flat, rounding decides on which side of its ReLU an answer falls.
            manual_seed(seed);
            var leaves = DeadLeaves.Draw(1, Math.Max(220, size.Height), seed)[.., .., ..size.Height, ..size.Width];
            var picture = (leaves * 1.2 - 0.2 + 0.2 * rand_like(leaves)).requires_grad_();
            var (expected, actual) = (whole.Of(picture), pieces.Of(picture));
            var wanted = autograd.grad([expected[0]], [picture])[0];
            var found = autograd.grad([actual[0]], [picture])[0];
            Assert.Equal(0, ((expected - actual) / (expected.abs() + 1e-6)).abs().max().ToDouble(), 1e-4);
            Assert.Equal(0, ((found - wanted).norm() / wanted.norm()).ToDouble(), 1e-4);
        }
    }

    [Fact]
    public void ATransferWithinItsBudgetPaintsTheSamePicture()
    {
        using var pyramid = new FilterPyramid();
        var (content, style) = (Leaves(1), Leaves(2));
        var options = new StyleTransferOptions { Size = 320, Steps = 4, Levels = 1, Optimizer = StyleOptimizer.Adam };
        var small = options with { MemoryBudget = 0.17 };
        Assert.Equal(1, StyleTransfer.Forecast(content, style, pyramid, options).Pieces);
        var forecast = StyleTransfer.Forecast(content, style, pyramid, small);
        Assert.True(forecast.Pieces > 1 && forecast.Gigabytes <= 0.17 && forecast.Seconds > 0, forecast.ToString());
        var (whole, pieces) = (Paint(options), Paint(small));
        var differences = whole.Picture.Rgb.Zip(pieces.Picture.Rgb, (a, b) => Math.Abs(a - b)).ToList();
        Assert.True(differences.Average() < 0.1, $"{differences.Average()} levels of 255 on average");

        // What the network was shown at once, and what was left behind.
        using var watched = new Watched(pyramid);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        StyleTransfer.Run(content, style, watched, small, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.InRange(watched.Largest, 1, (long)(0.17e9 / pyramid.StepBytesPerPixel));

        StyleTransferResult Paint(StyleTransferOptions options) =>
            StyleTransfer.Run(content, style, pyramid, options, cancellation: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void SeveralTransformedStylesKeepToTheBudgetToo()
    {
        using var pyramid = new FilterPyramid();
        var left = new Picture(128, 128, [.. Enumerable.Range(0, 128 * 128 * 3).Select(i => (byte)(i / 3 % 128 < 64 ? 255 : 0))]);
        StyleSource[] styles = [new(Leaves(2)) { Statistic = PyramidStyles.Ink, Mask = left }, new(Leaves(3)) { Statistic = PyramidStyles.Hue(90), Weight = 0.5 }];
        var options = new StyleTransferOptions
        {
            Size = 320, Steps = 3, Levels = 1, Optimizer = StyleOptimizer.Adam, StyleLayers = PyramidChannels.Layers, MemoryBudget = 0.19,
        };
        var forecast = ManyStyles.Forecast(Leaves(1), styles, pyramid, options);
        Assert.True(forecast.Pieces > 1 && forecast.Gigabytes <= 0.19, forecast.ToString());
        var whole = Paint(options with { MemoryBudget = 2 });
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var differences = whole.Rgb.Zip(Paint(options).Rgb, (a, b) => Math.Abs(a - b)).ToList();
        Assert.True(differences.Average() < 0.1, $"{differences.Average()} levels of 255 on average");
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        Picture Paint(StyleTransferOptions options) =>
            ManyStyles.Run(Leaves(1), styles, pyramid, options, cancellation: TestContext.Current.CancellationToken).Picture;
    }

    [Fact]
    public void OnlyWhatKeepsToItsPlaceIsTakenInPieces()
    {
        using var pyramid = new FilterPyramid();
        var options = new StyleTransferOptions { Size = 400, MemoryBudget = 0.22, Levels = 1, Steps = 1 };
        var mirror = new CrossGramStatistic("mirror", PyramidStyles.Mirror);
        StyleStatistic[] refused =
        [
            new TransformedStatistic("turned over", FeatureTransforms.FlipAcross), new TransformedStatistic("moved", FeatureTransforms.Roll(0.25)),
            new TransformedStatistic("scrambled", FeatureTransforms.AxisScramble), mirror, new ShiftedGramStatistic(0.1, 0),
            new TransformedStatistic("leveled", (features, _) => features - features.mean()),
            StyleStatistic.Wasserstein.Toward(mirror, 0.5), new TransformedStatistic("sliced", FeatureTransforms.Scale(_ => 2), StyleStatistic.SlicedWasserstein),
        ];
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (var statistic in refused)
        {
            var message = Assert.Throws<CourseException>(() => StyleTransfer.Run(Leaves(1), Leaves(2), pyramid,
                options with { Statistic = statistic }, cancellation: TestContext.Current.CancellationToken)).Message;
            Assert.Contains($"The statistic '{statistic.Name}' needs a whole feature map at once", message);
            Assert.Contains("raise MemoryBudget, lower Size", message);
            Assert.DoesNotContain('\n', message);
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        FeatureTransform[] alone = [FeatureTransforms.ShuffleChannels(3), FeatureTransforms.MapChannels((_, n) => eye(n).roll(1, 0)), FeatureTransforms.Scale(_ => 3)];
        Assert.All(alone, transform => Assert.True(transform.KeepsToItsPlace("x", 5, "gabor1")));
    }

    [Fact]
    public void WhatCannotBeIsSaidInOneLine()
    {
        using var pyramid = new FilterPyramid();
        void Says(string part, StyleTransferOptions options) => Assert.Contains(part,
            Assert.Throws<CourseException>(() => StyleTransfer.Run(Leaves(1), Leaves(2), pyramid, options)).Message);
        Says("MemoryBudget is 0.01; it must lie", new() { MemoryBudget = 0.01 });
        Says("MemoryBudget is 0.3 GB, too little for 2048×2048: it takes 2.8 GB at least", new() { Size = 2048, MemoryBudget = 0.3 });
        Says("'sliced Wasserstein' needs a whole feature map", new() { Size = 400, MemoryBudget = 0.22, Levels = 1, Statistic = StyleStatistic.SlicedWasserstein });
    }

    [Theory]
    [InlineData(40, 0.31, 1, "600×400 takes about 40 seconds and 0.3 GB, whole")]
    [InlineData(840, 1.84, 4, "600×400 takes about 14 minutes and 1.8 GB, in 4 pieces")]
    [InlineData(9000, 1.84, 4, "600×400 takes about 2.5 hours and 1.8 GB, in 4 pieces")]
    public void AForecastIsALine(double seconds, double gigabytes, int pieces, string expected) =>
        Assert.Equal(expected, new StyleForecast(seconds, gigabytes, pieces, 600, 400).ToString());

    private static FeatureNetwork Network(string which) => which switch
    {
        "vgg" => new VggFeatures(lastLayer: "relu5_1"),
        "resnet" => FeatureNetworks.ResNet18("layer3_2"),
        _ => new FilterPyramid(),
    };

    private static Picture Leaves(int seed)
    {
        using var drawn = DeadLeaves.Draw(1, 128, seed);
        return Picture.FromTensor(drawn);
    }

    /// <summary>A network that remembers the largest picture it was given, in pixels.</summary>
    private sealed class Watched(FilterPyramid inner) : FeatureNetwork("watched")
    {
        public long Largest { get; private set; }

        public override string Description => inner.Description;

        public override IReadOnlyList<string> LayerNames => inner.LayerNames;

        public override IReadOnlyList<string> StyleLayers => inner.StyleLayers;

        public override IReadOnlyList<string> ContentLayers => inner.ContentLayers;

        public override int MinimumSize => inner.MinimumSize;

        public override int Stride => inner.Stride;

        public override int Reach => inner.Reach;

        public override int StepBytesPerPixel => inner.StepBytesPerPixel;

        public override Device Device => inner.Device;

        protected override void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps)
        {
            Largest = Math.Max(Largest, pictures.size(2) * pictures.size(3));
            foreach (var (layer, map) in inner.Extract(pictures, [.. wanted])) maps.Add(layer, map);
        }
    }
}

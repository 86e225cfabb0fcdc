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

    [Fact]
    public void InPiecesVggIsTheSame() => Compare("vgg", "Gram", size: (210, 180), side: 110);

    private static void Compare(string which, string name, (int Height, int Width) size, int side)
    {
        using var scope = NewDisposeScope();
        using var network = Network(which);
        var statistic = StyleStatistic.All.Single(statistic => statistic.Name == name);
        var content = DeadLeaves.Draw(1, 220, seed: 1)[.., .., ..size.Height, ..size.Width];
        var style = DeadLeaves.Draw(1, 220, seed: 2)[.., .., ..180, ..];
        // One layer is looked at by both losses.
        string[] contentLayers = [network.ContentLayers[0], network.StyleLayers[1]];
        using var whole = new TotalLoss(network,
            new ContentLoss(network, content, contentLayers, weight: 2), new StyleLoss(network, style, statistic, weight: 20),
            new TotalVariation(0.2), new RangePenalty(30));
        var tiling = new Tiling(network, size.Height, size.Width, side);
        using var pieces = new TiledLoss(network, tiling,
            new ContentLoss(network, content, tiling, contentLayers, weight: 2),
            new StyleLoss(network, style, new Tiling(network, 180, 220, side), statistic, null, weight: 20),
            new TotalVariation(0.2), new RangePenalty(30));
        Assert.True(tiling.Tiles.Count > 3);

        // Two pictures, one after the other: nothing of the first may stay.
        foreach (var seed in new[] { 3, 4 })
        {
            // With noise: where a picture is flat, rounding decides on which side of its ReLU an answer falls.
            manual_seed(seed);
            var leaves = DeadLeaves.Draw(1, 220, seed)[.., .., ..size.Height, ..size.Width];
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
    public void WhatCannotBeIsSaidInOneLine()
    {
        using var pyramid = new FilterPyramid();
        void Says(string part, StyleTransferOptions options) => Assert.Contains(part,
            Assert.Throws<CourseException>(() => StyleTransfer.Run(Leaves(1), Leaves(2), pyramid, options)).Message);
        Says("MemoryBudget is 0.01; it must lie", new() { MemoryBudget = 0.01 });
        Says("MemoryBudget is 0.3 GB, too little for 2048×2048: it takes 2.6 GB at least", new() { Size = 2048, MemoryBudget = 0.3 });
        Says("sliced Wasserstein needs a whole feature map", new() { Size = 400, MemoryBudget = 0.2, Levels = 1, Statistic = StyleStatistic.SlicedWasserstein });
    }

    [Theory]
    [InlineData(40, 0.31, 1, "600×400 takes about 40 seconds and 0.3 GB, whole")]
    [InlineData(840, 1.84, 4, "600×400 takes about 14 minutes and 1.8 GB, in 4 pieces")]
    [InlineData(9000, 1.84, 4, "600×400 takes about 2.5 hours and 1.8 GB, in 4 pieces")]
    public void AForecastIsALine(double seconds, double gigabytes, int pieces, string expected) =>
        Assert.Equal(expected, new StyleForecast(seconds, gigabytes, pieces, 600, 400).ToString());

    private static FeatureNetwork Network(string which) => which == "vgg" ? new VggFeatures(lastLayer: "relu5_1") : new FilterPyramid();

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

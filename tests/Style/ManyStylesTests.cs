using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Vision;
using TorchSharp;

namespace ImageGen.Tests;

public class ManyStylesTests
{
    private static readonly StyleTransferOptions Quick = new() { Size = 48, Steps = 6, Levels = 2 };
    private static readonly Picture Content = Leaves(40, 60, seed: 1), Style = Leaves(50, 50, seed: 2);
    private static readonly Picture Red = Tinted(0), Blue = Tinted(2);

    [Theory]
    [InlineData(StyleColors.FromStyle)]
    [InlineData(StyleColors.FromContent)]
    public void OneStyleEverywhereIsStyleTransfer(StyleColors colors)
    {
        using var network = new FilterPyramid();
        var options = Quick with { Colors = colors };
        var plain = StyleTransfer.Run(Content, Style, network, options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(plain.Picture, Paint(network, options, new StyleSource(Style)));
    }

    [Fact]
    public void WeightsLeadFromOneStyleToTheOther()
    {
        using var network = new FilterPyramid();
        double Redness(double blue) => Mean(Paint(network, Quick, new(Red) { Weight = 1 - blue }, new(Blue) { Weight = blue }), 0, 60);
        var (red, half, blue) = (Redness(0), Redness(0.5), Redness(1));
        Assert.True(red > half + 20 && half > blue + 20, $"{red} {half} {blue}");
    }

    [Fact]
    public void AMaskGivesEachRegionItsStyle()
    {
        using var network = new FilterPyramid();
        var left = Mask((x, _) => x < 30 ? 255 : 0);
        var right = Mask((x, _) => x < 30 ? 0 : 255);
        var picture = Paint(network, Quick, new(Red) { Mask = left }, new(Blue) { Mask = right });
        Assert.True(Mean(picture, 0, 20) > Mean(picture, 28, 48) + 60);
    }

    [Fact]
    public void ARegionSmallerThanAPositionStillCounts()
    {
        using var network = new FilterPyramid();
        Assert.NotNull(Paint(network, Quick, new(Style), new(Red) { Mask = Mask((x, y) => x == 3 && y == 3 ? 255 : 0) }));
    }

    [Fact]
    public void WrongMasksAndWeightsAreNamedInOneLine()
    {
        using var network = new FilterPyramid();
        void Says(string part, params StyleSource[] styles)
        {
            var message = Assert.Throws<CourseException>(() => Paint(network, Quick, styles)).Message;
            Assert.Contains(part, message);
            Assert.DoesNotContain('\n', message);
        }
        Says("The mask has 3×2 pixels and the content 60×40: resize the mask", new StyleSource(Style) { Mask = new Picture(3, 2, new byte[18]) });
        var tinted = Mask((_, _) => 255);
        tinted.Rgb[3 * (60 + 2)] = 90;
        Says("The mask is not gray: the pixel at (2, 1) is 90, 255, 255", new StyleSource(Style) { Mask = tinted });
        Says("The mask is white nowhere", new StyleSource(Style) { Mask = Mask((_, _) => 100) });
        Says("Weight is 1.1; it must lie between 0 and 1", new StyleSource(Style) { Weight = 1.1 });
        Says("Weight is -1", new StyleSource(Style) { Weight = -1 });
        Says("No style has a weight above 0", new StyleSource(Style) { Weight = 0 });
        Says("No style has a weight above 0");
        Says("'shifted 0.1, 0' compares places across the whole picture and cannot be held to a mask",
            new StyleSource(Style) { Mask = Mask((_, _) => 255), Statistic = new ShiftedGramStatistic(0.1, 0) });
    }

    [Fact]
    public void EveryStatisticOfTheFamilyPaints()
    {
        using var network = new FilterPyramid();
        var plain = Paint(network, Quick with { StyleLayers = PyramidChannels.Layers }, new StyleSource(Style));
        foreach (StyleStatistic statistic in (StyleStatistic[])[
            PyramidStyles.Ink.Then(PyramidStyles.Combed(90)), PyramidStyles.Hue(180),
            StyleStatistic.Wasserstein.Toward(new CrossGramStatistic("mirror", PyramidStyles.Mirror, CrossTarget.OfThePlainMap), 0.3),
            StyleStatistic.Wasserstein.Toward(new ShiftedGramStatistic(0.05, 0), 0.5)])
        {
            var options = Quick with { StyleLayers = PyramidChannels.Layers, Statistic = statistic };
            var picture = Paint(network, options, new StyleSource(Style));
            Assert.True(picture.Rgb.Zip(plain.Rgb, (a, b) => Math.Abs(a - b)).Average() > 3, statistic.Name);
        }
    }

    [Fact]
    public void NoTensorIsLeftBehind()
    {
        using var network = new FilterPyramid();
        var options = Quick with { StyleLayers = PyramidChannels.Layers, Statistic = PyramidStyles.Ink };
        StyleSource[] styles = [new(Style) { Weight = 0.5 }, new(Red) { Mask = Mask((x, _) => x < 30 ? 255 : 0), Statistic = PyramidStyles.Hue(90) },
            new(Blue) { Statistic = StyleStatistic.Wasserstein.Toward(new CrossGramStatistic("mirror", PyramidStyles.Mirror), 0.5) }];
        Paint(network, options, styles); // whatever is made once is made now
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Paint(network, options, styles);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Throws<CourseException>(() => Paint(network, options with { StyleLayers = null }, styles));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Picture Paint(FeatureNetwork network, StyleTransferOptions options, params StyleSource[] styles) =>
        ManyStyles.Run(Content, styles, network, options, cancellation: TestContext.Current.CancellationToken).Picture;

    // The mean of red minus blue over some columns.
    private static double Mean(Picture picture, int from, int to) =>
        Enumerable.Range(0, picture.Rgb.Length / 3).Where(i => i % picture.Width >= from && i % picture.Width < to)
            .Average(i => picture.Rgb[3 * i] - picture.Rgb[3 * i + 2]);

    private static Picture Mask(Func<int, int, int> value) =>
        new(60, 40, [.. Enumerable.Range(0, 60 * 40).SelectMany(i => Enumerable.Repeat((byte)value(i % 60, i / 60), 3))]);

    private static Picture Tinted(int channel) =>
        new(50, 50, [.. Leaves(50, 50, seed: 3).Rgb.Select((value, i) => (byte)(i % 3 == channel ? 155 + value / 3 : value / 4))]);

    private static Picture Leaves(int height, int width, int seed)
    {
        using var drawn = DeadLeaves.Draw(1, Math.Max(height, width), seed);
        return Picture.FromTensor(drawn).Crop(width, height);
    }
}

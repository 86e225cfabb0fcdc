using ImageGen.Display;
using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class PicturesTests
{
    private static readonly Picture Red = Fixture.Plain(160, 100, 200, 30, 30), Blue = Fixture.Plain(160, 100, 30, 30, 200);

    [Fact]
    public void APictureShowsItselfAsPngOnly()
    {
        Assert.Equal(["image/png", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(Picture)));
        Assert.Equal(Red, Png.Read(Formatter.ToDisplayString(Red, "image/png")));
        Assert.Equal("Picture 160×100", Formatter.ToDisplayString(Red, "text/plain"));
    }

    [Fact]
    public void ARowKeepsPixelsAndSetsCaptionsBelow()
    {
        var row = Pictures.Row(("content", Red), ("style", Blue));
        Assert.Equal(12 + 160 + 12 + 160 + 12, row.Width);
        Assert.Equal(Red, row.Crop(12, 12, 160, 100));
        Assert.Equal(Blue, row.Crop(184, 12, 160, 100));
        Assert.True(Png.Ink(row.Crop(12, 113, 160, row.Height - 113)) > 100);
        Assert.Throws<CourseException>(() => Pictures.Row());
    }

    [Fact]
    public void SmallPicturesAreShownLarger() =>
        Assert.Equal(12 + 128 + 12, Pictures.Row(("", Fixture.Pattern(64, 64))).Width);

    [Fact]
    public void ATableHasHeadings()
    {
        var table = Pictures.Table(["low", "high"], ["one", "two", "three"], (y, x) => (x + y) % 2 == 0 ? Red : Blue);
        Assert.Equal(3 * 160 * 100, Png.Count(table, 200, 30, 30));
        Assert.Equal(3 * 160 * 100, Png.Count(table, 30, 30, 200));
        Assert.True(Png.Ink(table.Crop(table.Width - 172, 0, 160, 30)) > 50);
        Assert.Contains("2 row and 1 column", Assert.Throws<CourseException>(() => Pictures.Table(["a", "b"], ["c"], [[Red]])).Message);
    }

    [Fact]
    public void FeatureMapsAreDarkWhereSilentAndBrightWhereTheyAnswer()
    {
        using var scope = NewDisposeScope();
        var features = zeros(1, 2, 4, 4);
        features[0, 0, 1, 2] = 5;
        var picture = Maps.Show(features, columns: 2);
        Assert.Equal((2 * 96 + 4, 96), (picture.Width, picture.Height));
        Assert.Equal((0xfd, 0xe7, 0x25), picture[2 * 24 + 12, 24 + 12]);
        Assert.Equal((0x44, 0x01, 0x54), picture[12, 12]);
        Assert.Equal((0x44, 0x01, 0x54), picture[100 + 12, 12]);
        Assert.Contains("[4, 4]", Assert.Throws<CourseException>(() => Maps.Show(zeros(4, 4))).Message);
    }

    [Fact]
    public void FiltersAreGrayAtZeroAndInColorOverRgb()
    {
        using var scope = NewDisposeScope();
        var weight = zeros(2, 3, 3, 3);
        weight[0, 0, 0, 0] = 1;
        var picture = Maps.Filters(weight, columns: 2);
        Assert.Equal((255, 128, 128), picture[5, 5]);
        Assert.Equal((128, 128, 128), picture[150, 50]);
        var deep = zeros(1, 4, 3, 3);
        deep[0, 1, 2, 2] = -1;
        Assert.Equal((0x1f, 0x3f, 0x9e), Maps.Filters(deep)[90, 90]);
    }
}

using ImageGen.Imaging;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class GridTests
{
    private static readonly Picture Red = Fixture.Plain(4, 3, 255, 0, 0), Blue = Fixture.Plain(2, 3, 0, 0, 255);

    [Fact]
    public void PicturesStandInRowsWithWhiteBetween()
    {
        var grid = Grid.Of([Red, Blue, Red], columns: 2, gap: 1);
        Assert.Equal((9, 7), (grid.Width, grid.Height));
        Assert.Equal((255, 0, 0), grid[3, 2]);
        Assert.Equal((255, 255, 255), grid[4, 0]);
        Assert.Equal((255, 255, 255), grid[5, 0]); // the smaller one is centered: one white column
        Assert.Equal((0, 0, 255), grid[6, 0]);
        Assert.Equal((255, 255, 255), grid[0, 3]);
        Assert.Equal((255, 0, 0), grid[0, 4]);
        Assert.Equal((255, 255, 255), grid[8, 6]); // the last row is not full
    }

    [Fact]
    public void WithoutColumnsTheGridIsAboutSquare() =>
        Assert.Equal((3 * 4 + 2, 2 * 3 + 1), Size(Grid.Of([Red, Red, Red, Red, Red], gap: 1)));

    [Fact]
    public void ZoomRepeatsPixels()
    {
        var zoomed = Grid.Of([Fixture.Pattern(3, 2)], zoom: 3);
        Assert.Equal((9, 6), Size(zoomed));
        Assert.Equal(Fixture.Pattern(3, 2)[1, 1], zoomed[5, 3]);
        Assert.Equal(Fixture.Pattern(3, 2)[1, 1], zoomed[3, 5]);
    }

    [Fact]
    public void ABatchBecomesAGrid()
    {
        using var scope = NewDisposeScope();
        var batch = cat([Red.ToTensor(), Red.ToTensor().mul(0)], 0);
        var grid = Grid.Of(batch, columns: 2, gap: 2);
        Assert.Equal((10, 3), Size(grid));
        Assert.Equal((255, 0, 0), grid[0, 0]);
        Assert.Equal((0, 0, 0), grid[6, 0]);
    }

    [Fact]
    public void CaptionsAreInkBelowThePictures()
    {
        var tile = Fixture.Plain(120, 20, 9, 9, 9);
        var plain = Grid.Of([tile, tile]);
        var captioned = Grid.Of([tile, tile], captions: ["content", ""]);
        Assert.True(captioned.Height >= plain.Height + 13);
        Assert.Equal(plain, captioned.Crop(0, 0, plain.Width, plain.Height));
        Assert.InRange(Ink(captioned.Crop(0, 20, 120, captioned.Height - 20)), 50, 1000);
        Assert.Equal(0, Ink(captioned.Crop(124, 20, 120, captioned.Height - 20)));
    }

    [Fact]
    public void ALongCaptionNeverLeavesItsCell()
    {
        var tile = Fixture.Plain(90, 10, 255, 255, 255);
        var grid = Grid.Of([tile, tile], gap: 30, captions: ["a long caption of several words and one Donaudampfschifffahrtsgesellschaft", ""]);
        Assert.Equal(0, Ink(grid.Crop(91, 0, 28, grid.Height)));
    }

    [Fact]
    public void MistakesAreNamed()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("at least one", Assert.Throws<CourseException>(() => Grid.Of([])).Message);
        Assert.Contains("2 pictures needs", Assert.Throws<CourseException>(() => Grid.Of([Red, Red], captions: ["one"])).Message);
        Assert.Contains("[3, 4, 4]", Assert.Throws<CourseException>(() => Grid.Of(zeros(3, 4, 4))).Message);
    }

    private static (int, int) Size(Picture picture) => (picture.Width, picture.Height);

    private static int Ink(Picture picture) => picture.Rgb.Count(value => value < 200);
}

using ImageGen.Display;
using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Tests;

public class LandscapeTests
{
    private static Landscape Bowl() => new((x, y) => x * x + y * y, (-1, 1), (-1, 1));

    [Fact]
    public void ItShowsItselfAsAPictureAndInWords()
    {
        var walked = Bowl().Path("plain", [(-1, 1), (0, 0)]);
        Assert.Equal(["image/png", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(Landscape)));
        Assert.Equal("Landscape with the paths \"plain\" of 1 steps", walked.ToDisplayString("text/plain"));
        Assert.Equal(walked.ToPicture(), Png.Read(walked.ToDisplayString("image/png")));
    }

    [Fact]
    public void TheFloorIsDarkerThanTheWallsAndPathsLieWhereTheyWent()
    {
        var ground = Bowl().ToPicture();
        var (middle, height) = (ground[ground.Width / 2 + 3, 84 + 320], ground.Height);
        Assert.True(middle.R < ground[30, height - 30].R);

        // From the left end to the middle: the line's color is in the left half alone.
        var walked = Bowl().Path("a", [(-1, 0), (0, 0)]).ToPicture();
        Assert.True(Png.Count(walked.Crop(24, 100, 500, height - 130), 0xe8, 0x70, 0x1a) > 1000);
        Assert.Equal(0, Png.Count(walked.Crop(600, 100, 440, height - 130), 0xe8, 0x70, 0x1a));
    }

    [Fact]
    public void APathThatDivergesIsCutAndAnEmptyRangeIsOneLine()
    {
        var wild = Bowl().Path("wild", [(0, 0), (1e30, -1e30), (double.NaN, 0), (double.PositiveInfinity, 1)]).ToPicture();
        Assert.True(Png.Count(wild, 0xe8, 0x70, 0x1a) > 200);
        Assert.Contains("smaller number to a larger", Assert.Throws<CourseException>(() => new Landscape((x, y) => x, (1, 1), (0, 1))).Message);
    }
}

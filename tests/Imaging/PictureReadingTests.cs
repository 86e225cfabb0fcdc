using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests;

public class PictureReadingTests
{
    // Decoders of lossy files may round differently; all others must agree but for the rounding of transparency.
    public static TheoryData<string, int> Readable => new()
    {
        { "orientation-1.jpg", 3 }, { "orientation-2.jpg", 3 }, { "orientation-3.jpg", 3 }, { "orientation-4.jpg", 3 },
        { "orientation-5.jpg", 3 }, { "orientation-6.jpg", 3 }, { "orientation-7.jpg", 3 }, { "orientation-8.jpg", 3 },
        { "orientation-1.png", 0 }, { "orientation-2.png", 0 }, { "orientation-3.png", 0 }, { "orientation-4.png", 0 },
        { "orientation-5.png", 0 }, { "orientation-6.png", 0 }, { "orientation-7.png", 0 }, { "orientation-8.png", 0 },
        { "orientation-3.webp", 0 }, { "orientation-6.webp", 0 }, { "orientation-after.png", 0 }, { "orientation-after-big-endian.png", 0 },
        { "progressive.jpg", 3 }, { "grey.jpg", 3 }, { "cmyk.jpg", 3 }, { "lossy.webp", 3 },
        { "lossless.webp", 0 }, { "palette.png", 0 }, { "grey.png", 0 }, { "bilevel.png", 0 }, { "tiny.png", 0 },
        { "grey16.png", 1 }, { "rgb16.png", 0 }, { "alpha.png", 1 }, { "alpha.webp", 1 }, { "grey-alpha.png", 1 },
    };

    [Theory, MemberData(nameof(Readable))]
    public void ReadsWhatPillowReads(string name, int tolerance)
    {
        using var folder = new TemporaryFolder();
        var expected = folder["expected.png"];
        File.Copy(Fixture.PathOf($"pictures/{name}.expected"), expected);
        Assert.InRange(Fixture.Difference(Picture.Load(Fixture.PathOf($"pictures/{name}")), Picture.Load(expected)), 0, tolerance);
    }

    [Fact]
    public void APhonesPictureSavedAsPngStandsUpright()
    {
        var picture = Picture.Load(Fixture.PathOf("pictures/exif-6.png"));
        Assert.Equal((24, 40), (picture.Width, picture.Height));
    }

    [Theory]
    [InlineData("empty.png", "is empty")]
    [InlineData("text.png", "is not a picture")]
    [InlineData("cut.png", "cut short")]
    [InlineData("cut.webp", "cut short")]
    [InlineData("cut.jpg", "cut short")]
    [InlineData("cut-late.jpg", "cut short")]
    [InlineData("header-only.png", "cut short")]
    [InlineData("missing.png", "does not exist")]
    [InlineData("", "is a folder")]
    public void SaysInOneLineWhatIsWrongWithAFile(string name, string expected)
    {
        var path = Fixture.PathOf($"pictures/{name}");
        var error = Assert.Throws<CourseException>(() => Picture.Load(path));
        Assert.Contains(expected, error.Message);
        Assert.Contains(path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("jpg")]
    [InlineData("webp")]
    [InlineData("png")]
    public void ALargePictureKeepsItsProportionsAndPlaces(string ending)
    {
        using var folder = new TemporaryFolder();
        var path = folder[$"large.{ending}"];
        var left = Fixture.Plain(600, 900, 200, 30, 30);
        var right = Fixture.Plain(600, 900, 30, 30, 200);
        Grid.Of([left, right], columns: 2, gap: 0).Save(path);

        var picture = Picture.Load(path, maxSide: 100);
        Assert.Equal((100, 75), (picture.Width, picture.Height));
        Assert.InRange(Fixture.Difference(picture.Crop(2, 2, 40, 70), Fixture.Plain(40, 70, 200, 30, 30)), 0, 3);
        Assert.InRange(Fixture.Difference(picture.Crop(58, 2, 40, 70), Fixture.Plain(40, 70, 30, 30, 200)), 0, 3);
    }

    [Fact]
    public void AThinPictureStaysAtLeastOnePixelWide()
    {
        using var folder = new TemporaryFolder();
        Fixture.Pattern(3000, 1).Save(folder["thin.png"]);
        var picture = Picture.Load(folder["thin.png"], maxSide: 64);
        Assert.Equal((64, 1), (picture.Width, picture.Height));
    }

    [Fact]
    public void ASmallPictureIsNeverMadeLarger() =>
        Assert.Equal((1, 1), (Picture.Load(Fixture.PathOf("pictures/tiny.png"), 512).Width, 1));
}

using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

/// <summary>The two small sets that teach something new: tulips, and flowers on porcelain.</summary>
public sealed class NewKindsTests
{
    [Fact]
    public void ATulipDependsOnSeedAndIndexAlone()
    {
        var (few, many) = (new Tulips(5), new Tulips(50));
        Assert.Equal(many.Picture(4), few.Picture(4));
        Assert.Equal(many.Captions(4), few.Captions(4));
        Assert.NotEqual(many.Picture(4), new Tulips(5, seed: 8).Picture(4));
        Assert.NotEqual(many.Picture(4), many.Picture(5));
    }

    [Fact]
    public void EveryCaptionHasTheNewWordWhichNoCaptionOfPetalsHas()
    {
        var (tulips, petals) = (new Tulips(60), new Petals(Split.Train, 300));
        Assert.All(Enumerable.Range(0, 60).SelectMany(tulips.Captions), caption => Assert.Contains(Tulips.Word, caption));
        Assert.All(Enumerable.Range(0, 300).SelectMany(petals.Captions), caption => Assert.DoesNotContain(Tulips.Word, caption));
        Assert.All(Enumerable.Range(0, 60), i => Assert.Equal(5, tulips.Captions(i).Distinct().Count()));
        Assert.DoesNotContain(Enumerable.Range(0, 60).SelectMany(tulips.Captions), caption => caption.Contains("a orange", StringComparison.Ordinal));
    }

    [Fact]
    public void ATulipHasTheColorAndThePlaceThatItsCaptionSays()
    {
        var (red, blue) = (Middle(PetalColor.Red, Backdrop.Sand), Middle(PetalColor.Blue, Backdrop.Sand));
        Assert.True(red.R > red.B + 60, $"{red}");
        Assert.True(blue.B > blue.R + 60, $"{blue}");
        var (night, sand) = (Corner(Backdrop.Night), Corner(Backdrop.Sand));
        Assert.True(sand > night + 100);

        static (byte R, byte G, byte B) Middle(PetalColor color, Backdrop place) => Tulips.Draw(new(color, place, FlowerLight.Soft, FlowerSize.Large))[32, 26];
        static int Corner(Backdrop place)
        {
            var (r, g, b) = Tulips.Draw(new(PetalColor.Red, place, FlowerLight.Soft, FlowerSize.Small))[1, 1];
            return (r + g + b) / 3;
        }
    }

    [Fact]
    public void PorcelainIsBlueOnWhite()
    {
        var set = new PorcelainPetals(12);
        Assert.Equal(set.Picture(3), new PorcelainPetals(5).Picture(3));
        foreach (var picture in Enumerable.Range(0, 12).Select(set.Picture))
        {
            var pixels = Enumerable.Range(0, 64 * 64).Select(i => (R: picture.Rgb[3 * i], G: picture.Rgb[3 * i + 1], B: picture.Rgb[3 * i + 2])).ToList();
            Assert.All(pixels, pixel => Assert.True(pixel.B >= pixel.R));
            Assert.Contains(pixels, pixel => pixel.B > pixel.R + 60); // pigment
            Assert.True(picture[1, 1].R > 200); // bare glaze
        }
    }

    [Fact]
    public void CaptionsNameThePorcelainInPlaceOfTheBackdrop()
    {
        var (painted, petals) = (new PorcelainPetals(40), new Petals(Split.Train, 40));
        Assert.All(Enumerable.Range(0, 40).SelectMany(painted.Captions), caption => Assert.Contains(PorcelainPetals.Words, caption));
        Assert.DoesNotContain(Enumerable.Range(0, 40).SelectMany(painted.Captions), caption => caption.Contains("meadow", StringComparison.Ordinal) || caption.Contains("dusk", StringComparison.Ordinal));
        Assert.Equal(petals.Captions(0).Count, painted.Captions(0).Count);
    }

    [Fact]
    public void BadSizesAreRefused()
    {
        Assert.Contains("0 tulips", Assert.Throws<CourseException>(() => new Tulips(0)).Message);
        Assert.Contains("8 pixels", Assert.Throws<CourseException>(() => new Tulips(1, 8)).Message);
        Assert.Contains("1024 pixels", Assert.Throws<CourseException>(() => new PorcelainPetals(1, 1024)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Tulips(2).Picture(2));
    }
}

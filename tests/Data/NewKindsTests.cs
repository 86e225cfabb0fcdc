using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

/// <summary>The two small sets that teach something new: tulips, and flowers in ink.</summary>
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
        Assert.All(Enumerable.Range(0, 3), i => Assert.All(new InkPetals(3).Captions(i), caption => Assert.EndsWith(InkPetals.Words, caption)));
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
    public void InkIsPaperWithDarkLines()
    {
        var plain = new Picture(64, 64, [.. Enumerable.Repeat((byte)200, 64 * 64 * 3)]);
        var paper = InkPetals.Draw(plain);
        Assert.True(paper.Rgb.Distinct().Count() <= 3); // nothing to draw: one wash everywhere
        var edge = new Picture(64, 64, [.. Enumerable.Range(0, 64 * 64).SelectMany(i => Enumerable.Repeat((byte)(i % 64 < 32 ? 90 : 220), 3))]);
        var drawn = InkPetals.Draw(edge);
        var darkest = Enumerable.Range(0, 64).MinBy(x => drawn[x, 32].R);
        Assert.InRange(darkest, 28, 32); // on the dark side of the edge
        Assert.True(drawn[darkest, 32].R < drawn[5, 32].R - 40);
        Assert.True(drawn[60, 32].R > 180);
    }

    [Fact]
    public void BadSizesAreRefused()
    {
        Assert.Contains("0 tulips", Assert.Throws<CourseException>(() => new Tulips(0)).Message);
        Assert.Contains("8 pixels", Assert.Throws<CourseException>(() => new Tulips(1, 8)).Message);
        Assert.Contains("1024 pixels", Assert.Throws<CourseException>(() => new InkPetals(1, 1024)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Tulips(2).Picture(2));
    }
}

using ImageGen.Display;
using ImageGen.Imaging;
using ScottPlot;
using SkiaSharp;

namespace ImageGen.Tests;

public class TypefaceTests
{
    [Fact]
    public void TheTypefaceComesWithTheLibrary()
    {
        foreach (var face in new[] { Inter.Regular, Inter.Medium, Inter.SemiBold })
        {
            Assert.StartsWith("Inter", face.FamilyName);
            Assert.True(face.GlyphCount > 1000);
        }
        Assert.NotEqual(Inter.Regular.FontWeight, Inter.SemiBold.FontWeight);
    }

    [Fact]
    public void ItHasEveryCharacterThatChartsAndCaptionsUse()
    {
        using var font = new SKFont(Inter.Regular);
        const string needed = "abcxyzABCXYZ0123456789äéßñ…−×·→←≤≥±∞√Σαβγδελμσ²³⁰¹⁴⁵⁶⁷⁸⁹⁻“”’–—%‖";
        Assert.Equal("", string.Concat(needed.Where(c => !font.ContainsGlyph(c))));
    }

    [Fact]
    public void ChartsTakeItFromTheLibraryAndNotFromTheSystem()
    {
        _ = Chart.Line(("a", new[] { 1, 2 })).ToPicture();
        Assert.Same(Inter.Regular, Fonts.GetTypeface("Inter", FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal));
        Assert.Equal("Inter", Fonts.Default);
    }

    [Fact]
    public void TextIsCutToItsWidth()
    {
        using var lettering = new Lettering(Inter.Regular, 14, SKColors.Black);
        Assert.Equal(["one two", "three"], lettering.Wrap("one two three", lettering.Measure("one two t")));
        var cut = Assert.Single(lettering.Wrap("Donaudampfschifffahrt", 60));
        Assert.EndsWith("…", cut);
        Assert.InRange(lettering.Measure(cut), 30, 60);
        Assert.Equal(2, lettering.Wrap("a b c d e f", 20, maxLines: 2).Count);
        Assert.Equal(["a", "b"], lettering.Wrap("a\nb", 100));
    }
}

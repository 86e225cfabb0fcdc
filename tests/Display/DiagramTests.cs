using ImageGen.Display;
using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Tests;

public class DiagramTests
{
    private static readonly Diagram Neuron = new Diagram { Title = "One neuron" }
        .Box("x", 0, 0, note: "[N, 2]", kind: BoxKind.Data)
        .Box("w", 0, 1, kind: BoxKind.Data)
        .Box("product", 1, 0.5, "w · x")
        .Box("relu", 2, 0.5, "ReLU")
        .Box("loss", 3, 0.5, kind: BoxKind.Loss)
        .Arrow("x", "product").Arrow("w", "product").Chain("product", "relu", "loss")
        .Arrow("loss", "product", "gradient", dashed: true);

    [Fact]
    public void ItShowsItselfAsAPictureAndInWords()
    {
        Assert.Equal(["image/png", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(Diagram)));
        Assert.Equal("Diagram \"One neuron\": x [N, 2] → w · x; w → w · x; w · x → ReLU; ReLU → loss; loss → w · x (gradient)",
            Neuron.ToDisplayString("text/plain"));
        Assert.Equal(Neuron.ToPicture(), Png.Read(Neuron.ToDisplayString("image/png")));
    }

    [Fact]
    public void EveryKindOfBoxHasItsColorAndNothingIsCutOff()
    {
        var picture = Neuron.ToPicture();
        Assert.True(Png.Count(picture, 0xe3, 0xec, 0xfc) > 2000); // layers
        Assert.True(Png.Count(picture, 0xfd, 0xe9, 0xd9) > 1000); // the loss
        Assert.Equal(0, Png.Ink(picture.Crop(0, 0, picture.Width, 8)));
        Assert.Equal(0, Png.Ink(picture.Crop(0, picture.Height - 8, picture.Width, 8)));
        Assert.Equal(0, Png.Ink(picture.Crop(picture.Width - 8, 0, 8, picture.Height)));
    }

    [Fact]
    public void ABoxMovesWithItsColumnAndALongerTextMakesTheDiagramWider()
    {
        static Diagram Two(string text, double column) => new Diagram().Box("a", 0, 0, text).Box("b", column, 0).Arrow("a", "b");
        Assert.True(Two("a", 2).ToPicture().Width > Two("a", 1).ToPicture().Width);
        Assert.True(Two("a longer text", 1).ToPicture().Width > Two("a", 1).ToPicture().Width);
        Assert.True(Two("two\nlines", 1).ToPicture().Height > Two("two", 1).ToPicture().Height);
    }

    [Fact]
    public void WhatIsMisnamedIsOneLine()
    {
        Assert.Contains("no box 'y'; it has x", Assert.Throws<CourseException>(() => new Diagram().Box("x", 0, 0).Arrow("x", "y")).Message);
        Assert.Contains("has a box 'x' already", Assert.Throws<CourseException>(() => new Diagram().Box("x", 0, 0).Box("x", 1, 0)).Message);
    }
}

using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Style;

namespace ImageGen.Tests;

[Collection("Environment")]
public sealed class OwnStyleOptionsTests
{
    [Fact]
    public void EachStyleOfTheCourseHasSettingsThatSuitIt()
    {
        var usual = new StyleTransferOptions();
        Assert.Equal(usual, usual.For(null));
        Assert.Equal(usual, usual.For("my-own.png"));
        Assert.All(CoursePictures.Styles, style => usual.For(style).Check());
        Assert.Equal(CoursePictures.Styles.Count, CoursePictures.Styles.Select(style => usual.For(style))
            .Select(options => (options.StyleWeight, options.StyleScale, options.SmoothnessWeight)).Distinct().Count());
    }

    [Fact]
    public void WhatTheCommandSaysComesFirst()
    {
        Assert.Equal(new StyleTransferOptions().For("glass"), In([], () => OwnStyleOptions.Own("glass")));
        Assert.Equal(new StyleTransferOptions().For("dots"),
            In([(CoursePictures.StyleVariable, "dots")], () => OwnStyleOptions.Own("glass")));
        using var folder = new TemporaryFolder();
        Assert.Equal(new StyleTransferOptions(),
            In([(CoursePictures.StyleVariable, folder.Write("own.png", [1]))], () => OwnStyleOptions.Own("glass")));
        Assert.Equal(new StyleTransferOptions()
            .For("glass") with { Size = new StyleTransferOptions()
                .Size + 1, StyleWeight = 1.5, Colors = StyleColors.FromContent },
            In([(OwnStyleOptions.SizeVariable, $"{new StyleTransferOptions().Size + 1}"),
                (OwnStyleOptions.StrengthVariable, "1.5"),
                (OwnStyleOptions.KeepColorsVariable, "1")],
                () => OwnStyleOptions.Own("glass")));
        // Twice the size begins where the usual one does, a level lower.
        var usual = new StyleTransferOptions();
        var twice = In([(OwnStyleOptions.SizeVariable, $"{2 * usual.Size}")], () => OwnStyleOptions.Own("glass"));
        Assert.Equal((2 * usual.Size, usual.Levels + 1), (twice.Size, twice.Levels));
        Assert.Contains("IMAGEGEN_SIZE is 'large'", Assert.Throws<CourseException>(() =>
            In([(OwnStyleOptions.SizeVariable, "large")], () => OwnStyleOptions.Own("glass"))).Message);
        Assert.Contains("The option Size is 8", Assert.Throws<CourseException>(() =>
            In([(OwnStyleOptions.SizeVariable, "8")], () => OwnStyleOptions.Own("glass"))).Message);
    }

    private static T In<T>((string Name, string Value)[] variables, Func<T> action)
    {
        foreach (var (name, value) in variables) Environment.SetEnvironmentVariable(name, value);
        try
        {
            return action();
        }
        finally
        {
            foreach (var (name, _) in variables) Environment.SetEnvironmentVariable(name, null);
        }
    }
}

using System.Globalization;
using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Style;

/// <summary>Settings for one style picture, and what <c>./course run</c> was told about them.</summary>
public static class OwnStyleOptions
{
    /// <summary>The environment variable with the result's longer side, in pixels; <c>--size</c> sets it.</summary>
    public const string SizeVariable = "IMAGEGEN_SIZE";

    /// <summary>The environment variable with the style's weight β; <c>--strength</c> sets it.</summary>
    public const string StrengthVariable = "IMAGEGEN_STRENGTH";

    /// <summary>The environment variable that keeps the content's colors when it is 1; <c>--keep-colors</c> sets
    /// it.</summary>
    public const string KeepColorsVariable = "IMAGEGEN_KEEP_COLORS";

    // Found by looking, through ResNet-18 at 448 pixels: panes and dabs may grow, hatching covers what it lies on.
    private static readonly Dictionary<string, (double Weight, double Scale, double Smoothness)> Suited =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["whirls"] = (40, 1.2, 0.2),
            ["glass"] = (80, 1.5, 0.6),
            ["dots"] = (60, 1.3, 0.2),
            ["woodcut"] = (25, 0.9, 0.2),
            ["tide"] = (25, 1, 0.2),
            ["washes"] = (60, 1, 0.2),
        };

    /// <summary>The settings that suit a style of the course; those given where it has no name.</summary>
    /// <param name="options">Settings for whatever does not depend on the style.</param>
    /// <param name="style">The style's name; null for a picture of the student's own.</param>
    public static StyleTransferOptions For(this StyleTransferOptions options, string? style) =>
        style is not null && Suited.TryGetValue(style, out var suited)
            ? options with
            {
                StyleWeight = suited.Weight, StyleScale = suited.Scale, SmoothnessWeight = suited.Smoothness,
            }
            : options;

    /// <summary>
    /// The settings for a lesson's painting: those that suit its style, or the student's own in its place, with what
    /// <c>--size</c>, <c>--strength</c> and <c>--keep-colors</c> of <c>./course run</c> say.
    /// </summary>
    /// <param name="style">The style that the lesson uses.</param>
    /// <exception cref="CourseException">A variable has no number, or one out of range.</exception>
    public static StyleTransferOptions Own(string style)
    {
        var options = new StyleTransferOptions().For(CoursePictures.StyleNameOr(style));
        // A large picture begins as small as the usual one does: its shapes are found there, and cheaply.
        if (Number(SizeVariable) is { } size)
            options = options with
            {
                Size = (int)size,
                Levels = options.Levels + (int)Math.Clamp(Math.Round(Math.Log2(Math.Max(1, size) / options.Size)), 0, 2),
            };
        if (Number(StrengthVariable) is { } strength) options = options with { StyleWeight = strength };
        if (Environment.GetEnvironmentVariable(KeepColorsVariable) == "1") options =
            options with { Colors = StyleColors.FromContent };
        options.Check();
        return options;
    }

    private static double? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : throw new CourseException($"{variable} is '{text}': give it a number.");
}

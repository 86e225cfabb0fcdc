using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Style;

/// <summary>One of several style pictures: how much of it, and where.</summary>
/// <param name="Picture">The style picture.</param>
public sealed record StyleSource(Picture Picture)
{
    /// <summary>How much it counts among the others, 0 to 1; for a mixture all over the picture, let them add up to 1.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>What of it counts; <see cref="StyleTransferOptions.Statistic"/> when null.</summary>
    public StyleStatistic? Statistic { get; init; }

    /// <summary>
    /// Where it counts: a gray picture of the content's size, white (128 and more of 255) where this style goes. Everywhere
    /// when null.
    /// </summary>
    public Picture? Mask { get; init; }

    /// <summary>Checks the weight, and that the mask is one for this content.</summary>
    /// <exception cref="CourseException">It is not; the message says what is wrong.</exception>
    internal void Check(Picture content, StyleStatistic statistic)
    {
        StyleTransferOptions.Within(Weight, 0, 1, nameof(Weight));
        if (Mask is null) return;
        if ((Mask.Width, Mask.Height) != (content.Width, content.Height))
            throw new CourseException($"The mask has {Mask.Width}×{Mask.Height} pixels and the content {content.Width}×{content.Height}: resize the mask to the content's size.");
        for (var i = 0; i < Mask.Rgb.Length; i += 3)
            if (Spread(Mask.Rgb.AsSpan(i, 3)) > 16)
                throw new CourseException($"The mask is not gray: the pixel at ({i / 3 % Mask.Width}, {i / 3 / Mask.Width}) is {Mask.Rgb[i]}, {Mask.Rgb[i + 1]}, {Mask.Rgb[i + 2]}; use black, white and grays between.");
        if (!Mask.Rgb.Any(value => value >= 128))
            throw new CourseException("The mask is white nowhere, so its style would go nowhere: paint white (128 and more of 255) where it should.");
        if (statistic.SeesPlaces)
            throw new CourseException($"The statistic '{statistic.Name}' compares places across the whole picture and cannot be held to a mask: take another, or leave the mask out.");
    }

    // JPEG does not keep grays quite gray.
    private static int Spread(ReadOnlySpan<byte> pixel) =>
        Math.Max(pixel[0], Math.Max(pixel[1], pixel[2])) - Math.Min(pixel[0], Math.Min(pixel[1], pixel[2]));
}

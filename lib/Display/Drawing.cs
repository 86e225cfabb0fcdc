using ImageGen.Imaging;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Display;

/// <summary>A picture drawn for a fine screen, to be shown smaller than its pixels.</summary>
/// <param name="Picture">The pixels.</param>
/// <param name="Density">Pixels for each unit of length on the screen.</param>
[TypeFormatterSource(typeof(DrawingFormatters), PreferredMimeTypes = ["image/png", "text/plain"])]
public sealed record Drawing(Picture Picture, double Density)
{
    /// <summary>What it shows, for those who cannot see it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether photographs are part of it, which compress another way than lines and flat colors.</summary>
    internal bool HasPhotographs { get; init; }

    /// <summary>The bytes of a PNG file that knows its density.</summary>
    public byte[] ToPng() => PngDensity.Mark(HasPhotographs ? Picture.ToPng() : PictureWriter.ToPngOfDrawing(Picture), Density);

    /// <inheritdoc/>
    public override string ToString() => Description.Length > 0 ? Description : Picture.ToString();
}

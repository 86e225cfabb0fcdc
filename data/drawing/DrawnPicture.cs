using ImageGen.Data;
using ImageGen.Imaging;

namespace ImageGen.Painters;

/// <summary>Draws a picture: pixels across and down, samples a pixel, the seed.</summary>
internal delegate Picture Drawing(int width, int height, int samples, int seed, CancellationToken cancel);

/// <summary>A picture that the course draws itself, so that nothing has to be downloaded or asked for.</summary>
public sealed class DrawnPicture
{
    private readonly Drawing drawing;

    internal DrawnPicture(string name, PictureKind kind, string title, string description, int width, int height, int samples, Drawing drawing)
    {
        (Name, Kind, Title, Description) = (name, kind, title, description);
        (Width, Height, Samples) = (width, height, samples);
        this.drawing = drawing;
    }

    /// <summary>The name that <c>--content</c>, <c>--style</c> and <see cref="CoursePictures"/> know it by.</summary>
    public string Name { get; }

    public PictureKind Kind { get; }

    /// <summary>A title for under the picture.</summary>
    public string Title { get; }

    /// <summary>One line: what it shows and how it is drawn.</summary>
    public string Description { get; }

    /// <summary>Pixels across at full size.</summary>
    public int Width { get; }

    /// <summary>Pixels down at full size.</summary>
    public int Height { get; }

    /// <summary>Samples a pixel at full size.</summary>
    public int Samples { get; }

    /// <summary>The committed picture's file name in <c>data/pictures</c>.</summary>
    public string FileName => Name + ".jpg";

    /// <summary>
    /// Draws it. The scene does not depend on the size: a small drawing is the large one seen from afar, up to the grain.
    /// </summary>
    /// <param name="scale">The size over full size, above 0 and at most 4.</param>
    /// <param name="seed">Another seed gives a lake or a style another composition, the other pictures other grain; 1 drew the committed ones.</param>
    /// <param name="samples">Samples a pixel; fewer are quicker and noisier. Full quality when left out.</param>
    /// <param name="cancel">Stops the drawing between rows.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale or the number of samples is out of range.</exception>
    /// <exception cref="OperationCanceledException">The drawing was stopped.</exception>
    public Picture Draw(double scale = 1, int seed = 1, int? samples = null, CancellationToken cancel = default)
    {
        if (!(scale > 0 && scale <= 4)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "a drawing's scale is above 0 and at most 4");
        ArgumentOutOfRangeException.ThrowIfLessThan(samples ?? 1, 1, nameof(samples));
        int width = Math.Max(8, (int)Math.Round(Width * scale)), height = Math.Max(8, (int)Math.Round(Height * scale));
        return drawing(width, height, samples ?? Samples, seed, cancel);
    }
}

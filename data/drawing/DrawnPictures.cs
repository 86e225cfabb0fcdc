using System.Diagnostics;
using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Painters;

/// <summary>A picture of a set is finished.</summary>
/// <param name="Picture">Which one.</param>
/// <param name="Done">How many are finished.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Elapsed">How long this one took.</param>
/// <param name="File">Where it is.</param>
public sealed record DrawingProgress(DrawnPicture Picture, int Done, int Total, TimeSpan Elapsed, string File);

/// <summary>Every picture that the course can draw.</summary>
public static class DrawnPictures
{
    /// <summary>Contents first, then styles.</summary>
    public static IReadOnlyList<DrawnPicture> All { get; } =
    [
        new("lake", PictureKind.Content, "Evening at the lake",
            "Ridged multifractal mountains, a forest of cones and a rippled mirror, seen through evening haze.",
            768, 512, 6, Lake.Draw),
        new("street", PictureKind.Content, "The street to the tower",
            "An old town of signed distance fields, path traced in afternoon sun.",
            640, 640, 12, Street.Draw),
        new("fruit", PictureKind.Content, "Fruit by the window",
            "A jug, a bowl and fruit, path traced in the light of a window.",
            768, 512, 24, StillLife.Draw),
        new("whirls", PictureKind.Style, "Whirls",
            "Thick oil strokes along a turbulent flow field, lit from the side.",
            512, 512, 1, Whirls.Draw),
        new("glass", PictureKind.Style, "Stained glass",
            "Panes of a Voronoi diagram in lead, lit from behind.",
            512, 512, 9, StainedGlass.Draw),
        new("dots", PictureKind.Style, "Dots",
            "Dabs of pure color side by side, for the eye to mix.",
            512, 512, 1, Dots.Draw),
        new("woodcut", PictureKind.Style, "Woodcut",
            "Regions hatched along their own contours, black over two colors.",
            512, 512, 9, Woodcut.Draw),
        new("tide", PictureKind.Style, "Tide",
            "Overlapping fans of foam and indigo, in the manner of a block print.",
            512, 512, 9, Tide.Draw),
        new("washes", PictureKind.Style, "Washes",
            "Watercolor that ran together and dried with dark rims.",
            512, 512, 4, Washes.Draw),
    ];

    /// <summary>The picture of that name; upper and lower case are the same.</summary>
    /// <exception cref="CourseException">There is none; the message lists the names.</exception>
    public static DrawnPicture Named(string name) =>
        All.FirstOrDefault(picture => string.Equals(picture.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new CourseException($"There is no drawn picture '{name}'. There are: {string.Join(", ", All.Select(picture => picture.Name))}.");

    /// <summary>Draws pictures at full size and saves them as JPEG.</summary>
    /// <param name="folder">Where to; made when it is missing.</param>
    /// <param name="names">Which; all when empty.</param>
    /// <param name="progress">Hears of each picture when it is finished.</param>
    /// <param name="cancel">Stops between rows; what is finished stays.</param>
    /// <exception cref="CourseException">A name is unknown, or the folder cannot be written.</exception>
    public static void DrawAll(string folder, IReadOnlyCollection<string> names, IProgress<DrawingProgress>? progress = null, CancellationToken cancel = default)
    {
        DrawnPicture[] wanted = names.Count == 0 ? [.. All] : [.. names.Select(Named).Distinct()];
        for (var i = 0; i < wanted.Length; i++)
        {
            var watch = Stopwatch.StartNew();
            var picture = wanted[i].Draw(cancel: cancel);
            var file = Path.Combine(folder, wanted[i].FileName);
            picture.Save(file);
            progress?.Report(new(wanted[i], i + 1, wanted.Length, watch.Elapsed, file));
        }
    }
}

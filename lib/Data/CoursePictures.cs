using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>
/// The pictures that come with the course, by name, as <c>data/pictures</c> holds them; and the student's own in their place.
/// </summary>
public static class CoursePictures
{
    /// <summary>The environment variable that names the student's own content picture; <c>--content</c> sets it.</summary>
    public const string ContentVariable = "IMAGEGEN_CONTENT";

    /// <summary>The environment variable that names the student's own style picture; <c>--style</c> sets it.</summary>
    public const string StyleVariable = "IMAGEGEN_STYLE";

    /// <summary>The environment variable that names the file for a lesson's painting; <c>--output</c> sets it.</summary>
    public const string PaintingVariable = "IMAGEGEN_PAINTING";

    /// <summary>The photographs' names; data/pictures/README.md says who took them.</summary>
    public static IReadOnlyList<string> Photographs { get; } = ["cat", "coffee", "rocket"];

    /// <summary>The contents' names: drawn ones, then photographs.</summary>
    public static IReadOnlyList<string> Contents { get; } = ["lake", "street", "fruit", .. Photographs];

    /// <summary>The styles' names.</summary>
    public static IReadOnlyList<string> Styles { get; } = ["whirls", "glass", "dots", "woodcut", "tide", "washes"];

    /// <summary>All names, contents first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Contents, .. Styles];

    /// <summary>The name of the course's style that is used, or null where the student's own file is.</summary>
    /// <param name="name">The style that the lesson uses.</param>
    public static string? StyleNameOr(string name) =>
        Environment.GetEnvironmentVariable(StyleVariable) is not { Length: > 0 } own ? name
        : File.Exists(own) ? null : own;

    /// <summary>A lesson's painting: as it is, and saved where <c>./course run --output FILE</c> says.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public static Picture Kept(Picture painting)
    {
        if (Environment.GetEnvironmentVariable(PaintingVariable) is { Length: > 0 } file) painting.Save(file);
        return painting;
    }

    /// <summary>An embedded content picture.</summary>
    /// <exception cref="CourseException">No content has that name, or its file is missing or damaged.</exception>
    public static Picture Content(string name) => Embedded(name, PictureKind.Content);

    /// <summary>An embedded style picture.</summary>
    /// <exception cref="CourseException">No style has that name, or its file is missing or damaged.</exception>
    public static Picture Style(string name) => Embedded(name, PictureKind.Style);

    /// <summary>
    /// The student's own content when <c>./course run --content PIC</c> (or <see cref="ContentVariable"/>) names one — a file,
    /// or another content of the course — else the embedded one of that name.
    /// </summary>
    /// <exception cref="CourseException">The student's file cannot be read, or no content has the name.</exception>
    public static Picture OwnContentOr(string name) => OwnOr(ContentVariable, name, PictureKind.Content);

    /// <summary>
    /// The student's own style when <c>./course run --style PIC</c> (or <see cref="StyleVariable"/>) names one — a file, or
    /// another style of the course — else the embedded one of that name.
    /// </summary>
    /// <exception cref="CourseException">The student's file cannot be read, or no style has the name.</exception>
    public static Picture OwnStyleOr(string name) => OwnOr(StyleVariable, name, PictureKind.Style);

    private static Picture OwnOr(string variable, string name, PictureKind kind)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } own) return Embedded(name, kind);
        if (!File.Exists(own) && Of(kind).Contains(own, StringComparer.OrdinalIgnoreCase)) return Embedded(own, kind);
        if (!File.Exists(own))
            throw new CourseException($"{variable} names the picture '{own}', which does not exist: give a PNG, JPEG or WebP file, or one of {string.Join(", ", Of(kind))}.");
        return Picture.Load(own);
    }

    private static Picture Embedded(string name, PictureKind kind)
    {
        var known = Of(kind).FirstOrDefault(each => string.Equals(each, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new CourseException($"There is no {kind.ToString().ToLowerInvariant()} picture '{name}'. "
                + $"There are: {string.Join(", ", Of(kind))}.");
        var file = Path.Combine(Folders.Data, "pictures", known + (known == "cat" ? ".png" : ".jpg"));
        if (!File.Exists(file))
            throw new CourseException($"The picture {file} is missing: restore it from the repository"
                + (Photographs.Contains(known) ? "." : $", or draw it again with './course data draw {known}'."));
        return Picture.Load(file);
    }

    private static IReadOnlyList<string> Of(PictureKind kind) => kind == PictureKind.Content ? Contents : Styles;
}

using ImageGen.Imaging;
using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Display;

/// <summary>What a box of a diagram stands for; each kind has a color.</summary>
public enum BoxKind
{
    /// <summary>Something computed: a layer, an operation.</summary>
    Layer,

    /// <summary>Something that is held: a picture, a batch, a vector.</summary>
    Data,

    /// <summary>Something learned that does not change here.</summary>
    Frozen,

    /// <summary>A number that is to become small.</summary>
    Loss,
}

/// <summary>
/// Boxes and arrows, drawn for the page: how a network or a training is put together. Boxes stand on a grid of columns and
/// rows; an arrow goes straight where it can and around what stands between.
/// </summary>
/// <example><c>new Diagram().Box("picture", 0, 0, kind: BoxKind.Data).Box("VGG-19", 1, 0).Arrow("picture", "VGG-19")</c></example>
[TypeFormatterSource(typeof(DiagramFormatters), PreferredMimeTypes = ["image/png", "text/plain"])]
public sealed class Diagram
{
    private readonly List<DiagramBox> boxes = [];
    private readonly List<DiagramArrow> arrows = [];

    /// <summary>Above the diagram.</summary>
    public string Title { get; init; } = "";

    internal IReadOnlyList<DiagramBox> Boxes => boxes;

    internal IReadOnlyList<DiagramArrow> Arrows => arrows;

    /// <summary>Adds a box.</summary>
    /// <param name="name">What arrows call it, and what stands in it unless <paramref name="text"/> says something else.</param>
    /// <param name="column">Where it stands, counted from the left; between two columns, too.</param>
    /// <param name="row">Where it stands, counted from the top.</param>
    /// <param name="text">What stands in it; several lines are separated by a line break.</param>
    /// <param name="note">Small below the text, for example a shape.</param>
    /// <param name="kind">What it stands for.</param>
    /// <exception cref="CourseException">There is a box of this name.</exception>
    public Diagram Box(
        string name, double column, double row, string? text = null, string note = "", BoxKind kind = BoxKind.Layer)
    {
        if (boxes.Any(box => box.Name == name)) throw new CourseException($"The diagram has a box '{name}' already: give this one another name.");
        boxes.Add(new(name, column, row, text ?? name, note, kind));
        return this;
    }

    /// <summary>Adds an arrow between two boxes.</summary>
    /// <param name="from">The name of the box where it begins.</param>
    /// <param name="to">The name of the box where it ends.</param>
    /// <param name="label">Beside it.</param>
    /// <param name="dashed">For what does not flow forward: a gradient, a comparison.</param>
    /// <exception cref="CourseException">There is no box of one of the names.</exception>
    public Diagram Arrow(string from, string to, string label = "", bool dashed = false)
    {
        arrows.Add(new(Find(from), Find(to), label, dashed));
        return this;
    }

    /// <summary>Adds arrows from each box to the next.</summary>
    /// <exception cref="CourseException">There is no box of one of the names.</exception>
    public Diagram Chain(params IReadOnlyList<string> names)
    {
        for (var i = 1; i < names.Count; i++) Arrow(names[i - 1], names[i]);
        return this;
    }

    /// <summary>The diagram as a picture of twice its size on the page.</summary>
    public Picture ToPicture() => new DiagramDrawing(this).Draw();

    /// <summary>In words, for those who cannot see it: <c>Diagram: picture → VGG-19; …</c>.</summary>
    public override string ToString() =>
        $"Diagram{(Title.Length > 0 ? $" \"{Title}\"" : "")}: "
        + string.Join("; ", arrows.Select(arrow =>
            $"{arrow.From.Words} → {arrow.To.Words}{(arrow.Label.Length > 0 ? $" ({arrow.Label})" : "")}"));

    private DiagramBox Find(string name) => boxes.FirstOrDefault(box => box.Name == name)
        ?? throw new CourseException($"The diagram has no box '{name}'; it has {string.Join(", ", boxes.Select(box => box.Name))}.");
}

internal sealed record DiagramBox(string Name, double Column, double Row, string Text, string Note, BoxKind Kind)
{
    public string Words => Text.ReplaceLineEndings(" ") + (Note.Length > 0 ? $" {Note}" : "");
}

internal sealed record DiagramArrow(DiagramBox From, DiagramBox To, string Label, bool Dashed);

/// <summary>How a notebook shows a <see cref="Diagram"/>.</summary>
internal sealed class DiagramFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<Diagram>("image/png", diagram =>
            Convert.ToBase64String(new Drawing(diagram.ToPicture(), DiagramDrawing.Density).ToPng())),
        new Shown<Diagram>("text/plain", diagram => diagram.ToString()),
    ];
}

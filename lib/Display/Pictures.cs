using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Display;

/// <summary>Pictures side by side, with words: what a lesson compares.</summary>
public static class Pictures
{
    private const int Gap = 12, Margin = 12, SmallestCell = 144;

    /// <summary>Pictures in a row, each with its caption below; empty captions leave no room.</summary>
    /// <exception cref="CourseException">There is no picture.</exception>
    public static Picture Row(params IReadOnlyList<(string Caption, Picture Picture)> pictures) => Rows(pictures.Count, pictures);

    /// <summary>Captioned pictures in rows of <paramref name="columns"/>.</summary>
    /// <exception cref="CourseException">There is no picture.</exception>
    public static Picture Rows(int columns, params IReadOnlyList<(string Caption, Picture Picture)> pictures)
    {
        if (pictures.Count == 0) throw new CourseException("There is no picture to show.");
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return new Sheet([.. pictures.Select(p => p.Picture).Chunk(columns)])
        {
            Gap = Gap,
            Margin = Margin,
            Zoom = Zoom(pictures.Select(p => p.Picture)),
            Captions = pictures.All(p => p.Caption.Length == 0) ? null : [.. pictures.Select(p => p.Caption).Chunk(columns)],
        }.Draw();
    }

    /// <summary>Pictures under column headings and beside row headings, for example one weight across and another down.</summary>
    /// <param name="rowHeadings">One for each row.</param>
    /// <param name="columnHeadings">One for each column.</param>
    /// <param name="picture">Makes the picture of a row and a column.</param>
    public static Picture Table(IReadOnlyList<string> rowHeadings, IReadOnlyList<string> columnHeadings, Func<int, int, Picture> picture) =>
        Table(rowHeadings, columnHeadings, [.. rowHeadings.Select((_, y) => columnHeadings.Select((_, x) => picture(y, x)).ToArray())]);

    /// <summary>Pictures under column headings and beside row headings.</summary>
    /// <param name="rowHeadings">One for each row.</param>
    /// <param name="columnHeadings">One for each column.</param>
    /// <param name="rows">As many rows and columns as headings.</param>
    /// <exception cref="CourseException">There are more or fewer pictures than headings.</exception>
    public static Picture Table(IReadOnlyList<string> rowHeadings, IReadOnlyList<string> columnHeadings, IReadOnlyList<IReadOnlyList<Picture>> rows)
    {
        if (rows.Count == 0 || rows.Count != rowHeadings.Count || rows.Any(row => row.Count != columnHeadings.Count))
            throw new CourseException($"A table with {rowHeadings.Count} row and {columnHeadings.Count} column headings needs "
                + $"{rowHeadings.Count} rows of {columnHeadings.Count} pictures.");
        return new Sheet(rows)
        {
            Gap = Gap,
            Margin = Margin,
            Zoom = Zoom(rows.SelectMany(row => row)),
            RowHeadings = rowHeadings,
            ColumnHeadings = columnHeadings,
        }.Draw();
    }

    // Pictures of 64 pixels, as small models make them, are too small to look at and leave no room for words.
    private static int Zoom(IEnumerable<Picture> pictures) =>
        Math.Max(1, (int)Math.Round((double)SmallestCell / pictures.Max(p => Math.Max(p.Width, p.Height))));
}

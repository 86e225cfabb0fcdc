using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>
/// Pictures in rows and columns on white paper, with captions below them and headings above and beside them. Text keeps
/// its proportion to the whole sheet, so that it stays legible when a wide sheet is shown small.
/// </summary>
internal sealed record Sheet(IReadOnlyList<IReadOnlyList<Picture?>> Rows)
{
    public static readonly SKColor Ink = new(0x1f, 0x29, 0x33), Muted = new(0x5b, 0x67, 0x73);

    /// <summary>Pixels between two pictures.</summary>
    public int Gap { get; init; } = 8;

    /// <summary>Pixels around the whole.</summary>
    public int Margin { get; init; }

    /// <summary>How many pixels of the sheet one pixel of a picture becomes, in each direction.</summary>
    public int Zoom { get; init; } = 1;

    /// <summary>Below each picture, row by row.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Captions { get; init; }

    public IReadOnlyList<string>? ColumnHeadings { get; init; }

    public IReadOnlyList<string>? RowHeadings { get; init; }

    public Picture Draw()
    {
        var pictures = Rows.SelectMany(row => row).OfType<Picture>().ToList();
        var columns = Rows.Max(row => row.Count);
        int cellWidth = pictures.Max(p => p.Width) * Zoom, cellHeight = pictures.Max(p => p.Height) * Zoom;

        var bare = columns * (cellWidth + Gap) - Gap;
        var size = Math.Clamp(bare / 68f, 13, 40);
        using var heading = new Lettering(Inter.SemiBold, size, Ink);
        using var caption = new Lettering(Inter.Medium, size, Muted);

        var rowHeadings = RowHeadings?.Select(text => heading.Wrap(text, bare * 0.22f)).ToList();
        var beside = rowHeadings is null ? 0
            : (int)MathF.Ceiling(rowHeadings.SelectMany(lines => lines).Max(heading.Measure) + size);
        var columnHeadings = ColumnHeadings?.Select(text => heading.Wrap(text, cellWidth, 3)).ToList();
        var above = columnHeadings is null ? 0
            : (int)MathF.Ceiling(columnHeadings.Max(lines => lines.Count) * heading.LineHeight + size * 0.5f);
        var captions = Captions?.Select(row => row.Select(text => caption.Wrap(text, cellWidth, 4)).ToList()).ToList();
        int[] below = [.. Rows.Select((_, y) => captions is null || y >= captions.Count ? 0
            : (int)MathF.Ceiling(captions[y].Max(lines => lines.Count) * caption.LineHeight + size * 0.45f))];

        var width = Margin * 2 + beside + bare;
        var height = Margin * 2 + above + Rows.Count * (cellHeight + Gap) - Gap + below.Sum();
        return Canvas.Paint(width, height, canvas =>
        {
            for (var x = 0; x < columnHeadings?.Count; x++)
                heading.Draw(canvas, columnHeadings[x], Margin + beside + x * (cellWidth + Gap) + cellWidth / 2f, Margin, SKTextAlign.Center);

            var top = Margin + above;
            for (var y = 0; y < Rows.Count; y++)
            {
                if (rowHeadings is not null && y < rowHeadings.Count)
                    heading.Draw(canvas, rowHeadings[y], Margin, top + (cellHeight - rowHeadings[y].Count * heading.LineHeight) / 2);
                for (var x = 0; x < Rows[y].Count; x++)
                {
                    var left = Margin + beside + x * (cellWidth + Gap);
                    if (Rows[y][x] is { } picture) Place(canvas, picture, left, top, cellWidth, cellHeight);
                    if (captions is not null && y < captions.Count && x < captions[y].Count)
                        caption.Draw(canvas, captions[y][x], left + cellWidth / 2f, top + cellHeight + size * 0.3f, SKTextAlign.Center);
                }
                top += cellHeight + Gap + below[y];
            }
        });
    }

    private void Place(SKCanvas canvas, Picture picture, int left, int top, int cellWidth, int cellHeight)
    {
        int width = picture.Width * Zoom, height = picture.Height * Zoom;
        int x = left + (cellWidth - width) / 2, y = top + (cellHeight - height) / 2;
        using var bitmap = PictureWriter.ToBitmap(picture);
        using var image = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(image, SKRect.Create(x, y, width, height), new SKSamplingOptions(SKFilterMode.Nearest));
    }
}

using ImageGen.Imaging;
using SkiaSharp;

namespace ImageGen.Display;

/// <summary>Places a diagram's boxes and draws them.</summary>
internal sealed class DiagramDrawing
{
    public const int Density = 2;

    private const float Margin = 20, Gap = 40, RowGap = 30, SidePadding = 14, Padding = 9, LeastWidth = 56, Corner = 7, Head = 7;

    private static readonly Dictionary<BoxKind, (SKColor Fill, SKColor Line)> Colors = new()
    {
        [BoxKind.Layer] = (new(0xe3, 0xec, 0xfc), new(0x2b, 0x5f, 0xd9)),
        [BoxKind.Data] = (new(0xff, 0xff, 0xff), new(0x6f, 0x7a, 0x86)),
        [BoxKind.Frozen] = (new(0xee, 0xf1, 0xf4), new(0x8a, 0x94, 0xa0)),
        [BoxKind.Loss] = (new(0xfd, 0xe9, 0xd9), new(0xe8, 0x70, 0x1a)),
    };

    private readonly Diagram diagram;
    private readonly Lettering text = new(Inter.Medium, 13, Palette.Ink), note = new(Inter.Regular, 11, Palette.Muted);
    private readonly Dictionary<DiagramBox, SKRect> places = [];
    private readonly float top;

    public DiagramDrawing(Diagram diagram)
    {
        this.diagram = diagram;
        top = Margin + (diagram.Title.Length > 0 ? 28 : 0) + (diagram.Arrows.Any(arrow => GoesAround(arrow)) ? 26 : 0);
        Place();
    }

    public Picture Draw()
    {
        var (right, bottom) = (places.Values.Max(place => place.Right), places.Values.Max(place => place.Bottom));
        using var title = new Lettering(Inter.SemiBold, 16, Palette.Ink);
        var width = Math.Max(right, title.Measure(diagram.Title) + Margin) + Margin;
        var picture = Canvas.Paint((int)MathF.Ceiling(width) * Density, (int)MathF.Ceiling(bottom + Margin) * Density, canvas =>
        {
            canvas.Clear(SKColors.White);
            canvas.Scale(Density);
            if (diagram.Title.Length > 0) title.Draw(canvas, [diagram.Title], Margin, 14);
            foreach (var arrow in diagram.Arrows) Draw(canvas, arrow);
            foreach (var box in diagram.Boxes) Draw(canvas, box);
            foreach (var arrow in diagram.Arrows.Where(arrow => arrow.Label.Length > 0)) DrawLabel(canvas, arrow);
        });
        text.Dispose();
        note.Dispose();
        return picture;
    }

    private void Place()
    {
        var columns = Lines(box => box.Column, box => Size(box).Width, Margin, column => GapAfter(column));
        var rows = Lines(box => box.Row, box => Size(box).Height, top, _ => RowGap);
        foreach (var box in diagram.Boxes)
        {
            var (size, x, y) = (Size(box), At(columns, box.Column), At(rows, box.Row));
            places[box] = new(x - size.Width / 2, y - size.Height / 2, x + size.Width / 2, y + size.Height / 2);
        }
    }

    // The middle of each column or row: as wide as its widest box. A box between two lines counts for neither.
    private SortedList<int, float> Lines(Func<DiagramBox, double> line, Func<DiagramBox, float> extent, float start, Func<int, float> gap)
    {
        var middles = new SortedList<int, float>();
        var at = start;
        var last = (int)Math.Ceiling(diagram.Boxes.Max(line));
        for (var i = (int)Math.Floor(diagram.Boxes.Min(line)); i <= last; i++)
        {
            var widest = diagram.Boxes.Where(box => Math.Abs(line(box) - i) < 0.3).Select(extent).DefaultIfEmpty(0).Max();
            middles[i] = at + widest / 2;
            at += widest + gap(i);
        }
        return middles;
    }

    private static float At(SortedList<int, float> middles, double line)
    {
        var (low, high) = ((int)Math.Floor(line), (int)Math.Ceiling(line));
        return middles[low] + (float)(line - low) * (middles[high] - middles[low]);
    }

    // Wide enough for what stands beside the arrows that cross it.
    private float GapAfter(int column) => diagram.Arrows
        .Where(arrow => arrow.From.Row == arrow.To.Row && !GoesAround(arrow))
        .Where(arrow => Math.Floor(Math.Min(arrow.From.Column, arrow.To.Column)) == column)
        .Select(arrow => note.Measure(arrow.Label) + 26).Append(Gap).Max();

    private SKSize Size(DiagramBox box)
    {
        string[] lines = box.Text.Split('\n'), notes = box.Note.Length > 0 ? box.Note.Split('\n') : [];
        var width = Math.Max(lines.Max(text.Measure), notes.Select(note.Measure).DefaultIfEmpty(0).Max());
        return new(Math.Max(LeastWidth, width + 2 * SidePadding), lines.Length * text.LineHeight + notes.Length * note.LineHeight + 2 * Padding);
    }

    private void Draw(SKCanvas canvas, DiagramBox box)
    {
        var (place, (fill, line)) = (places[box], Colors[box.Kind]);
        using var paint = new SKPaint { IsAntialias = true, Color = fill };
        canvas.DrawRoundRect(place, Corner, Corner, paint);
        (paint.Style, paint.StrokeWidth, paint.Color) = (SKPaintStyle.Stroke, 1.5f, line);
        if (box.Kind == BoxKind.Frozen) paint.PathEffect = SKPathEffect.CreateDash([5, 3], 0);
        canvas.DrawRoundRect(place, Corner, Corner, paint);
        string[] lines = box.Text.Split('\n');
        text.Draw(canvas, lines, place.MidX, place.Top + Padding, SKTextAlign.Center);
        if (box.Note.Length > 0)
            note.Draw(canvas, box.Note.Split('\n'), place.MidX, place.Top + Padding + lines.Length * text.LineHeight, SKTextAlign.Center);
    }

    private void Draw(SKCanvas canvas, DiagramArrow arrow)
    {
        var points = Path(arrow);
        using var paint = new SKPaint { IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeWidth = 1.6f, Color = ColorOf(arrow) };
        if (arrow.Dashed) paint.PathEffect = SKPathEffect.CreateDash([5, 4], 0);
        using var line = new SKPath();
        line.MoveTo(points[0]);
        for (var i = 1; i < points.Length - 1; i++) line.ArcTo(points[i], points[i + 1], Corner);
        line.LineTo(points[^1]);
        canvas.DrawPath(line, paint);
        DrawHead(canvas, points[^2], points[^1], paint.Color);
    }

    private static void DrawHead(SKCanvas canvas, SKPoint from, SKPoint tip, SKColor color)
    {
        using var paint = new SKPaint { IsAntialias = true, Color = color };
        var angle = MathF.Atan2(tip.Y - from.Y, tip.X - from.X);
        SKPoint Corner(float turn) => new(tip.X - Head * MathF.Cos(angle + turn), tip.Y - Head * MathF.Sin(angle + turn));
        using var head = new SKPath();
        head.AddPoly([tip, Corner(0.45f), Corner(-0.45f)], close: true);
        canvas.DrawPath(head, paint);
    }

    private void DrawLabel(SKCanvas canvas, DiagramArrow arrow)
    {
        var points = Path(arrow);
        // On the longest part of the way: above it where it lies, beside it where it stands.
        var (a, b) = points.Zip(points.Skip(1)).MaxBy(part => SKPoint.Distance(part.First, part.Second));
        using var label = new Lettering(Inter.Regular, 11, ColorOf(arrow));
        if (Math.Abs(a.Y - b.Y) < 1) label.Draw(canvas, [arrow.Label], (a.X + b.X) / 2, a.Y - label.LineHeight - 1, SKTextAlign.Center);
        else label.Draw(canvas, [arrow.Label], (a.X + b.X) / 2 + 6, (a.Y + b.Y) / 2 - label.LineHeight / 2);
    }

    private static SKColor ColorOf(DiagramArrow arrow) => arrow.Dashed ? Colors[BoxKind.Loss].Line : Palette.Muted;

    // Corner points from edge to edge.
    private SKPoint[] Path(DiagramArrow arrow)
    {
        var (from, to) = (places[arrow.From], places[arrow.To]);
        if (GoesAround(arrow))
        {
            var over = Math.Min(from.Top, to.Top) - 20;
            return [new(from.MidX, from.Top), new(from.MidX, over), new(to.MidX, over), new(to.MidX, to.Top)];
        }
        if (arrow.From.Column == arrow.To.Column)
            return from.Top < to.Top ? [new(from.MidX, from.Bottom), new(to.MidX, to.Top)] : [new(from.MidX, from.Top), new(to.MidX, to.Bottom)];
        var (start, end) = from.MidX < to.MidX ? (from.Right, to.Left) : (from.Left, to.Right);
        if (Math.Abs(from.MidY - to.MidY) < 1) return [new(start, from.MidY), new(end, to.MidY)];
        var turn = end - Math.Sign(end - start) * Math.Min(Gap / 2, Math.Abs(end - start) / 2);
        return [new(start, from.MidY), new(turn, from.MidY), new(turn, to.MidY), new(end, to.MidY)];
    }

    // In its own row, past another box.
    private bool GoesAround(DiagramArrow arrow)
    {
        if (arrow.From.Row != arrow.To.Row) return false;
        var (low, high) = (Math.Min(arrow.From.Column, arrow.To.Column), Math.Max(arrow.From.Column, arrow.To.Column));
        return diagram.Boxes.Any(box => box.Row == arrow.From.Row && box.Column > low && box.Column < high)
            || diagram.Arrows.Any(other => other.From == arrow.To && other.To == arrow.From) && arrow.Dashed;
    }
}

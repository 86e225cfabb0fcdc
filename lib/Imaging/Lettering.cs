using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>Sets text in Inter: the same pixels on every machine.</summary>
internal sealed class Lettering(SKTypeface typeface, float size, SKColor color) : IDisposable
{
    private readonly SKFont font = new(typeface, size)
    {
        Edging = SKFontEdging.Antialias,
        Hinting = SKFontHinting.None,
        Subpixel = true,
    };

    private readonly SKPaint paint = new() { Color = color, IsAntialias = true };

    /// <summary>The distance from one line to the next.</summary>
    public float LineHeight => MathF.Ceiling(size * 1.3f);

    public float Measure(string text) => font.MeasureText(text);

    /// <summary>Breaks text at its spaces into lines no wider than <paramref name="width"/>; a longer word is cut with an ellipsis.</summary>
    public IReadOnlyList<string> Wrap(string text, float width, int maxLines = int.MaxValue)
    {
        var lines = new List<string>();
        foreach (var paragraph in text.Split('\n'))
        {
            var line = "";
            foreach (var word in paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var longer = line.Length == 0 ? word : $"{line} {word}";
                if (line.Length == 0 || Measure(longer) <= width) line = longer;
                else
                {
                    lines.Add(line);
                    line = word;
                }
            }
            lines.Add(line);
        }
        if (lines.Count > maxLines)
            lines = [.. lines.Take(maxLines - 1), string.Join(' ', lines.Skip(maxLines - 1))];
        return [.. lines.Select(line => Cut(line, width))];
    }

    /// <summary>Draws lines below each other, the first one's top at <paramref name="top"/>.</summary>
    public void Draw(SKCanvas canvas, IReadOnlyList<string> lines, float x, float top, SKTextAlign align = SKTextAlign.Left)
    {
        // Inter's capitals are 0.727 of its size high: this centers them in their line.
        var baseline = top + (LineHeight + 0.727f * size) / 2;
        for (var i = 0; i < lines.Count; i++)
            canvas.DrawText(lines[i], x, baseline + i * LineHeight, align, font, paint);
    }

    public void Dispose()
    {
        font.Dispose();
        paint.Dispose();
    }

    private string Cut(string line, float width)
    {
        if (Measure(line) <= width) return line;
        var kept = line.Length;
        while (kept > 1 && Measure(line[..kept].TrimEnd() + "…") > width) kept--;
        return line[..kept].TrimEnd() + "…";
    }
}

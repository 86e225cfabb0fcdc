using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>The outline of a petal or a leaf.</summary>
internal enum Outline { Rounded, Tapered, Strap, Fan, Spoon, Leaf, Ovate }

/// <summary>
/// A petal or a leaf as a bent sheet: it leaves its root at an angle, curls along its length, is cupped across, and may
/// be ruffled. Lengths are in units of the stage, angles in radians.
/// </summary>
internal readonly record struct Blade(Outline Outline, float Length, float HalfWidth)
{
    /// <summary>The angle above the plane in which it leaves its root.</summary>
    public float Lift { get; init; }

    /// <summary>By how much that angle has changed at the tip; below 0 it bends back.</summary>
    public float Curl { get; init; }

    /// <summary>How far its sides bend up, in half widths.</summary>
    public float Cup { get; init; }

    /// <summary>How far one side lies above the other, in half widths, so that neighbors overlap in turn.</summary>
    public float Overlap { get; init; }

    /// <summary>How far it sways to one side, in lengths.</summary>
    public float Sway { get; init; }

    /// <summary>The height of the waves at its margin, in lengths.</summary>
    public float Ruffle { get; init; }

    /// <summary>Waves across the margin.</summary>
    public float Waves { get; init; }

    /// <summary>Where the waves begin, so that no two petals are alike.</summary>
    public float Phase { get; init; }

    /// <summary>Draws the sheet with <paramref name="rows"/> steps along it and <paramref name="columns"/> across.</summary>
    public void Draw(Stage stage, in Frame frame, int part, int rows, int columns)
    {
        var stride = columns + 1;
        Span<Vector3> points = stackalloc Vector3[(rows + 1) * stride];
        Span<float> along = stackalloc float[rows + 1];
        Shape(frame, points, along, rows, columns);

        Span<Corner> corners = stackalloc Corner[points.Length];
        for (var i = 0; i <= rows; i++)
            for (var j = 0; j <= columns; j++)
            {
                // At the very tip all columns meet: there the row before it knows which way is across.
                var row = Math.Clamp(i, 1, rows - 1) * stride;
                var forward = points[Math.Min(i + 1, rows) * stride + j] - points[Math.Max(i - 1, 0) * stride + j];
                var sideways = points[row + Math.Min(j + 1, columns)] - points[row + Math.Max(j - 1, 0)];
                var normal = Vector3.Normalize(Vector3.Cross(forward, sideways));
                corners[i * stride + j] = stage.Project(points[i * stride + j], along[i], 2f * j / columns - 1, normal);
            }

        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
            {
                var at = i * stride + j;
                stage.Film.Triangle(corners[at], corners[at + stride], corners[at + 1], part);
                stage.Film.Triangle(corners[at + 1], corners[at + stride], corners[at + stride + 1], part);
            }
    }

    private void Shape(in Frame frame, Span<Vector3> points, Span<float> along, int rows, int columns)
    {
        float r = 0, h = 0, before = 0;
        for (var i = 0; i <= rows; i++)
        {
            // Rows lie closer toward the tip, where the outline turns fastest.
            var t = 1 - (float)i / rows;
            var u = 1 - t * MathF.Sqrt(t);
            var angle = Lift + Curl * (u + before) / 2;
            r += Length * (u - before) * MathF.Cos(angle);
            h += Length * (u - before) * MathF.Sin(angle);
            before = u;
            along[i] = u;

            var (sine, cosine) = MathF.SinCos(Lift + Curl * u);
            var width = HalfWidth * Width(u);
            for (var j = 0; j <= columns; j++)
            {
                var v = 2f * j / columns - 1;
                // Waves die down toward the corners of the margin, which would fold over otherwise.
                var ruffle = Ruffle * (1 - 0.85f * Power4(v));
                var wave = ruffle == 0 ? 0 : MathF.Sin(Waves * v + Phase) + 0.5f * MathF.Sin(2.3f * Waves * v + 1.7f * Phase);
                var fold = Outline is Outline.Tapered or Outline.Leaf ? MathF.Abs(v) : v * v;
                var up = Cup * width * fold + Overlap * width * v + ruffle * Length * wave * u * u * u;
                var reach = Reach(v) + (ruffle == 0 ? 0 : 0.8f * ruffle * MathF.Sin(1.9f * Waves * v + 2.6f * Phase) * u);
                points[i * (columns + 1) + j] = frame.Point(
                    r * reach - sine * up, width * v + Sway * Length * u * u, h * reach + cosine * up);
            }
        }
    }

    /// <summary>The half width at <paramref name="u"/>, as a part of the greatest. Narrow forms close at the tip, broad ones keep a margin there.</summary>
    private float Width(float u) => Outline switch
    {
        Outline.Rounded => (0.14f + 0.86f * MathF.Pow(u, 0.8f)) * (1 - 0.3f * Power4(u)) * 1.22f,
        Outline.Tapered => (0.22f + 0.78f * MathF.Sqrt(u)) * MathF.Pow(MathF.Max(0, 1 - u), 0.72f) * 1.95f,
        Outline.Strap => (0.45f + 0.55f * MathF.Sqrt(u)) * MathF.Sqrt(MathF.Max(0, 1 - Power4(u) * u * u)) * 1.1f,
        Outline.Fan => (0.12f + 0.88f * u) * (1 - 0.3f * Power4(u) * u) * 1.22f,
        Outline.Spoon => (0.25f + 0.75f * MathF.Sqrt(u)) * (1 - 0.3f * Power4(u)) * 1.2f,
        Outline.Ovate => (0.3f + 0.7f * MathF.Sqrt(u)) * MathF.Pow(MathF.Max(0, 1 - u * u * u), 0.62f) * 1.25f,
        _ => (0.08f + 0.92f * MathF.Sqrt(u)) * MathF.Pow(MathF.Max(0, 1 - u), 0.8f) * 1.9f,
    };

    /// <summary>How far the margin reaches at <paramref name="v"/>: broad petals are rounded by being shorter at their sides.</summary>
    private float Reach(float v) => Outline switch
    {
        Outline.Rounded => 1 - 0.35f * v * v,
        Outline.Fan => 1 - 0.25f * v * v * MathF.Sqrt(MathF.Abs(v)),
        Outline.Spoon => 1 - 0.3f * v * v,
        _ => 1,
    };

    private static float Power4(float u) => u * u * u * u;
}

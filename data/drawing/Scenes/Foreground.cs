using System.Numerics;
using System.Runtime.InteropServices;
using SkiaSharp;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>
/// The firs and sedges in front of a landscape: thousands of twigs and blades placed in space, sorted from back to front,
/// each stroke lit by how far it turns to the sun and how deep in the tree it sits.
/// </summary>
internal static class Foreground
{
    private readonly record struct Stroke(Vector3 From, Vector3 Middle, Vector3 To, float Width, Vector3 Light);

    private static readonly Vector3 Shade = Color(0x0C1712), Green = Color(0x33471F), Gold = Color(0xB98640);

    /// <summary>Paints over a finished exposure; places are the film's own, -1 at its foot to 1 at its head.</summary>
    public static void Paint(Film film, Vector3 sun, int seed)
    {
        var strokes = new List<Stroke>();
        foreach (var (x, height, depth, id) in new[] { (1.22f, 1.62f, 0.3f, 1), (1.43f, 1.25f, 0.6f, 2), (0.99f, 0.98f, 0.2f, 3), (-1.47f, 1.18f, 0.4f, 4), (-1.27f, 0.66f, 0.2f, 5) })
            Fir(strokes, new Vector3(x, -1.12f, -depth), height, sun, seed * 31 + id);
        Sedges(strokes, seed);
        Draw(film, strokes);
    }

    private static void Fir(List<Stroke> strokes, Vector3 foot, float height, Vector3 sun, int seed)
    {
        var lean = 0.02f * height * (Noise.Value(1, 2, seed) - 0.5f);
        Vector3 Trunk(float t) => foot + new Vector3(lean * t * t, height * t, 0);
        for (var i = 0; i < 12; i++)
            strokes.Add(new(Trunk(i / 12f), Trunk((i + 0.5f) / 12), Trunk((i + 1) / 12f), 0.034f * height * (1.03f - i / 12f), Color(0x2A1E17)));

        var whorls = (int)(30 + 26 * height);
        for (var w = 0; w < whorls; w++)
        {
            var t = 0.04f + 0.95f * w / whorls;
            var around = 5 + (int)(Noise.Hash(w, seed) % 3);
            for (var b = 0; b < around; b++)
            {
                int id = w * 16 + b;
                float turn = MathF.Tau * (b + 0.8f * Noise.Value(id, 1, seed)) / around + w * 1.3f;
                var length = height * 0.2f * MathF.Pow(1 - t, 0.92f) * (0.4f + 0.5f * Noise.Value(id, 2, seed) + 0.4f * Noise.Value(w / 3, 8, seed)) + 0.008f;
                var outward = new Vector3(MathF.Cos(turn), 0, MathF.Sin(turn));
                var root = Trunk(t + 0.012f * (Noise.Value(id, 3, seed) - 0.5f));
                // A branch hangs and lifts its tip again; the young ones at the top point upward.
                var droop = float.Lerp(0.62f, -0.35f, MathF.Pow(t, 1.5f)) + 0.4f * (Noise.Value(id, 9, seed) - 0.5f);
                Vector3 Along(float s) => root + length * (outward * s + Vector3.UnitY * (-droop * s + 0.3f * droop * s * s * s));
                var turned = 0.5f + 0.5f * Vector3.Dot(outward, Vector3.Normalize(sun with { Y = 0 }));
                strokes.Add(new(Along(0), Along(0.5f), Along(0.95f), 0.006f * height, Shade));
                Twigs(strokes, Along, outward, length, turned, t, id, seed);
            }
        }
    }

    private static void Twigs(List<Stroke> strokes, Func<float, Vector3> along, Vector3 outward, float length, float turned, float t, int id, int seed)
    {
        var side = new Vector3(-outward.Z, 0, outward.X);
        var count = 10 + (int)(length * 150);
        for (var k = 0; k < count; k++)
        {
            float s = (k + 0.7f) / count, hand = (k & 1) == 0 ? 1 : -1, chance = Noise.Value(id, k, seed + 5);
            var reach = length * (0.2f - 0.11f * s) * (0.5f + chance) + 0.01f;
            var way = outward * (0.3f + 0.6f * s) + side * (hand * 0.7f) - Vector3.UnitY * (0.15f + 0.85f * Noise.Value(id, k, seed + 6));
            Vector3 from = along(s), to = from + way * reach;
            var lit = Math.Clamp(turned * (0.2f + 1.0f * s) * (0.55f + 0.75f * chance), 0, 1);
            var color = Vector3.Lerp(Shade, Green, Math.Clamp(lit * 2, 0, 1));
            color = Vector3.Lerp(color, Gold, MathF.Pow(MathF.Max(0, lit * 1.25f - 0.45f), 2) * 0.9f) * (0.7f + 0.5f * Noise.Value(id, k, seed + 7));
            strokes.Add(new(from, (from + to) / 2 + new Vector3(0, 0.1f * reach, 0), to, 0.0028f + 0.0026f * chance, color * (0.75f + 0.25f * t)));
        }
    }

    // Blades along the near bank, in tufts: thick at both ends of the picture, thin in the middle.
    private static void Sedges(List<Stroke> strokes, int seed)
    {
        for (var i = 0; i < 2300; i++)
        {
            float x = 3.2f * Noise.Value(i, 11, seed) - 1.6f, bank = Bank(x, seed);
            float tuft = Noise.Step(-0.25f, 0.5f, Noise.Plane(x * 7, 1, seed + 12)), depth = Noise.Value(i, 12, seed);
            var length = (0.05f + 0.17f * tuft * Noise.Value(i, 13, seed)) * (0.55f + 0.6f * MathF.Abs(x) / 1.5f);
            var bend = (Noise.Value(i, 14, seed) - 0.42f) * 0.9f;
            var foot = new Vector3(x, -1.06f + bank * depth, 0.05f + 0.5f * (1 - depth));
            var color = Vector3.Lerp(Color(0x141A10), Color(0x57562A), Noise.Value(i, 15, seed) * (0.35f + 0.65f * depth));
            if (Noise.Value(i, 16, seed) < 0.25f) color = Vector3.Lerp(color, Color(0xD9A85A), 0.65f);
            strokes.Add(new(foot, foot + length * new Vector3(bend * 0.25f, 0.62f, 0), foot + length * new Vector3(bend, 1 - 0.35f * MathF.Abs(bend), 0), 0.0042f, color));
        }
    }

    private static float Bank(float x, int seed) => 0.06f + 0.22f * MathF.Pow(MathF.Abs(x) / 1.5f, 3) + 0.05f * Noise.Plane(x * 2.5f, 4, seed + 17);

    private static void Draw(Film film, List<Stroke> strokes)
    {
        using var surface = SKSurface.Create(new SKImageInfo(film.Width, film.Height, SKColorType.Rgba8888, SKAlphaType.Premul));
        var canvas = surface.Canvas;
        canvas.Clear(SKColors.Transparent);
        canvas.Translate(film.Width / 2f, film.Height / 2f);
        canvas.Scale(film.Height / 2f, -film.Height / 2f);
        using var paint = new SKPaint { IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeCap = SKStrokeCap.Round };
        foreach (var stroke in strokes.OrderBy(stroke => stroke.Middle.Z))
        {
            using var path = new SKPath();
            path.MoveTo(stroke.From.X, stroke.From.Y);
            path.QuadTo(stroke.Middle.X, stroke.Middle.Y, stroke.To.X, stroke.To.Y);
            paint.StrokeWidth = stroke.Width;
            paint.Color = new SKColor(Level(stroke.Light.X), Level(stroke.Light.Y), Level(stroke.Light.Z));
            canvas.DrawPath(path, paint);
        }

        using var pixels = surface.PeekPixels();
        var bytes = new byte[film.Width * film.Height * 4];
        Marshal.Copy(pixels.GetPixels(), bytes, 0, bytes.Length);
        for (var y = 0; y < film.Height; y++)
            for (var x = 0; x < film.Width; x++)
            {
                var at = (y * film.Width + x) * 4;
                var cover = bytes[at + 3] / 255f;
                if (cover == 0) continue;
                // Kept as square roots, which leaves the shadows enough levels.
                var root = new Vector3(bytes[at], bytes[at + 1], bytes[at + 2]) / (255 * cover);
                film[x, y] = Vector3.Lerp(film[x, y], root * root * 1.5f, cover);
            }

        static byte Level(float light) => (byte)Math.Clamp(255 * MathF.Sqrt(light) + 0.5f, 0, 255);
    }
}

using System.Numerics;
using ImageGen.Imaging;
using SkiaSharp;

namespace ImageGen.Painters;

/// <summary>Thick oil strokes along a turbulent flow: blues and greens around eddies of gold and coral.</summary>
internal sealed class Whirls(int seed)
{
    private sealed record Eddy(Vector2 At, float Radius, float Spin);

    private static readonly SKColor[] Deep = [new(0x10, 0x1D, 0x4F), new(0x17, 0x3A, 0x86), new(0x1E, 0x5F, 0xB0), new(0x12, 0x57, 0x6E), new(0x2A, 0x8A, 0xA8), new(0x7C, 0xB6, 0xD0)];
    private static readonly SKColor[] Warm = [new(0xF3, 0xB9, 0x2B), new(0xF7, 0xD9, 0x6B), new(0xE5, 0x7E, 0x22), new(0xFB, 0xEE, 0xB4), new(0xD6, 0x4B, 0x2A), new(0xF0, 0x9A, 0x3C)];

    private readonly Eddy[] eddies =
    [
        new(new(0.3f, 0.33f), 0.2f, 1), new(new(0.8f, 0.6f), 0.24f, -1), new(new(0.22f, 0.9f), 0.17f, -1), new(new(0.78f, 0.06f), 0.14f, 1),
    ];

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var whirls = new Whirls(seed);
        using var canvas = new Impasto(width, height, seed, new SKColor(0x14, 0x2A, 0x5C));
        whirls.Layer(canvas, 1700, 0.042f, 0.17f, 9, 0.26f, 1, cancel);
        whirls.Layer(canvas, 2600, 0.025f, 0.13f, 7, 0.3f, 2, cancel);
        whirls.Layer(canvas, 1500, 0.015f, 0.1f, 5, 0.34f, 3, cancel);
        return canvas.Finish(relief: 2.2f, gloss: 0.25f);
    }

    private void Layer(Impasto canvas, int count, float thickness, float length, int bristles, float contrast, int layer, CancellationToken cancel)
    {
        var spine = new SKPoint[26];
        for (var i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            int id = layer * 100_000 + i;
            // A stratified start, then both ways along the flow.
            var start = new Vector2(Noise.Value(id, 1, seed), Noise.Value(id, 2, seed)) * 1.12f - new Vector2(0.06f);
            var reach = length * (0.6f + 0.8f * Noise.Value(id, 3, seed)) / spine.Length;
            var p = start;
            for (var k = 0; k < spine.Length / 2; k++) p -= Flow(p) * reach;
            for (var k = 0; k < spine.Length; k++, p += Flow(p) * reach) spine[k] = new SKPoint(p.X, p.Y);
            canvas.Stroke(spine, thickness * (0.6f + 0.7f * Noise.Value(id, 4, seed)), Pigment(start, id, layer), bristles, contrast, id);
        }
    }

    private Vector2 Flow(Vector2 p)
    {
        // A drift to the right that noise bends, and eddies that take over near their centers.
        var angle = 0.25f + 1.5f * Noise.Plane(p.X * 2.3f, p.Y * 2.3f, seed + 1) + 0.5f * Noise.Plane(p.X * 6, p.Y * 6, seed + 2);
        var flow = new Vector2(MathF.Cos(angle), MathF.Sin(angle));
        foreach (var eddy in eddies)
        {
            var away = p - eddy.At;
            var r = away.Length() / eddy.Radius;
            var pull = MathF.Exp(-0.5f * r * r) * 5;
            // Around, and a little inward: a spiral has no bull's-eye.
            flow += pull * (eddy.Spin * new Vector2(-away.Y, away.X) - 0.3f * away) / (away.Length() + 1e-4f);
        }
        return Vector2.Normalize(flow);
    }

    private SKColor Pigment(Vector2 p, int id, int layer)
    {
        var warmth = 0f;
        foreach (var eddy in eddies)
        {
            var r = (p - eddy.At).Length() / eddy.Radius;
            // Two arms of light wind outward, the color of the heart fading along them.
            var arm = MathF.Cos(2 * (MathF.Atan2(p.Y - eddy.At.Y, p.X - eddy.At.X) - eddy.Spin * 2.6f * MathF.Log(r + 0.12f)));
            warmth = MathF.Max(warmth, 1.15f * MathF.Exp(-2.2f * r * r) + (0.34f + 0.5f * arm) * MathF.Exp(-0.45f * r * r));
        }
        warmth += 0.3f * Noise.Plane(p.X * 3.2f, p.Y * 3.2f, seed + 5) + 0.35f * (Noise.Value(id, 5, seed) - 0.5f);
        var tone = Math.Clamp(0.5f + 0.75f * Noise.Cloudy(p.X * 2.6f, p.Y * 2.6f, 3, seed + 6) + 0.55f * (Noise.Value(id, 6, seed) - 0.5f), 0, 0.999f);
        var cool = Ramp(Deep, tone);
        if (layer > 1 && Noise.Plane(p.X * 2.1f, p.Y * 2.1f, seed + 7) > 0.25f) cool = Impasto.Mix(cool, new SKColor(0x3E, 0x8F, 0x5A), 0.55f);
        if (layer == 3 && Noise.Value(id, 8, seed) < 0.05f) return Impasto.Shade(new SKColor(0xE9, 0xF0, 0xEE), 0.95f);
        return warmth > 0.55f ? Impasto.Shade(Warm[(int)(Noise.Value(id, 7, seed) * Warm.Length)], 0.8f + 0.3f * MathF.Min(warmth, 1))
            : warmth > 0.42f ? Impasto.Mix(cool, Warm[(int)(Noise.Value(id, 7, seed) * Warm.Length)], 0.45f) : cool;
    }

    private static SKColor Ramp(SKColor[] colors, float t)
    {
        var at = t * (colors.Length - 1);
        return Impasto.Mix(colors[(int)at], colors[(int)at + 1], at - (int)at);
    }

}

using System.Numerics;
using ImageGen.Imaging;
using SkiaSharp;

namespace ImageGen.Painters;

/// <summary>A flowering riverbank in dots of pure color, laid side by side so that the eye mixes them.</summary>
internal sealed class Dots(int seed)
{
    // Each zone: its light, its middle, its shadow, and the complement that makes it vibrate.
    private static readonly SKColor[][] Zones =
    [
        [new(0xF8, 0xE7, 0xB0), new(0xF2, 0xB1, 0x5E), new(0xE0, 0x76, 0x4A), new(0x7F, 0x9F, 0xD8)],
        [new(0xD4, 0xE2, 0x7E), new(0x6F, 0xA6, 0x3F), new(0x2C, 0x63, 0x3C), new(0xE0, 0x6A, 0x5A)],
        [new(0xA9, 0xD4, 0xE8), new(0x4A, 0x86, 0xC6), new(0x2B, 0x42, 0x8F), new(0xF0, 0xA0, 0x50)],
        [new(0xF6, 0xC1, 0xCB), new(0xD9, 0x5F, 0x8B), new(0x7E, 0x3A, 0x80), new(0x8F, 0xC0, 0x70)],
    ];

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var dots = new Dots(seed);
        using var canvas = new Impasto(width, height, seed, new SKColor(0xEC, 0xDF, 0xC4));
        dots.Layer(canvas, 50, 0.0165f, 1, cancel);
        dots.Layer(canvas, 74, 0.0105f, 2, cancel);
        dots.Layer(canvas, 96, 0.0068f, 3, cancel);
        return canvas.Finish(relief: 0.55f, gloss: 0.05f);
    }

    // A jittered grid in shuffled order: even, but never in rows.
    private void Layer(Impasto canvas, int across, float radius, int layer, CancellationToken cancel)
    {
        var order = Enumerable.Range(0, (across + 2) * (across + 2)).OrderBy(i => Noise.Hash(i, layer, seed)).ToArray();
        foreach (var i in order)
        {
            cancel.ThrowIfCancellationRequested();
            float x = (i % (across + 2) - 0.5f + 1.1f * (Noise.Value(i, 10 + layer, seed) - 0.5f)) / across;
            float y = (i / (across + 2) - 0.5f + 1.1f * (Noise.Value(i, 20 + layer, seed) - 0.5f)) / across;
            if (layer == 3 && Noise.Value(i, 30, seed) < 0.45f) continue;
            var size = radius * (0.75f + 0.5f * Noise.Value(i, 40 + layer, seed));
            canvas.Dab(x, y, size, 1 + 0.25f * Noise.Value(i, 50, seed), Lie(x, y), Pigment(x, y, i, layer));
        }
    }

    private float Lie(float x, float y) => 3 * Noise.Plane(x * 2, y * 2, seed + 60);

    private SKColor Pigment(float x, float y, int i, int layer)
    {
        float bx = x + 0.16f * Noise.Cloudy(x * 2.5f, y * 2.5f, 3, seed + 61), by = y + 0.16f * Noise.Cloudy(x * 2.5f + 5, y * 2.5f, 3, seed + 62);
        var field = 0.5f + 0.95f * Noise.Plane(bx * 2.1f, by * 2.1f, seed + 63) + 0.45f * (by - 0.5f) + 0.13f * (Noise.Value(i, 64 + layer, seed) - 0.5f);
        var zone = Zones[Math.Clamp((int)(field * 4), 0, 3)];
        var light = 0.5f + 0.9f * Noise.Cloudy(x * 4.2f, y * 4.2f, 3, seed + 65) + 0.62f * (Noise.Value(i, 66 + layer, seed) - 0.5f);
        if (layer > 1 && Noise.Value(i, 67 + layer, seed) < 0.15f) return Vary(zone[3], i);
        if (layer == 3 && Noise.Value(i, 70, seed) < 0.12f) return new SKColor(0xFB, 0xF4, 0xE2);
        return Vary(light > 0.66f ? zone[0] : light > 0.34f ? zone[1] : zone[2], i);
    }

    private SKColor Vary(SKColor color, int i) => Impasto.Shade(color, 0.9f + 0.2f * Noise.Value(i, 71, seed), 24 * (Noise.Value(i, 72, seed) - 0.5f));
}

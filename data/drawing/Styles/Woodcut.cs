using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>Hills and sky cut in wood: each region hatched along its own contour, a black key block over two colors.</summary>
internal static class Woodcut
{
    private static readonly Vector3 Paper = Color(0xF1E4C6), Ink = Color(0x17130F);
    private static readonly Vector3[] Tints = [Color(0xF1E4C6), Color(0xD8482A), Color(0xF1E4C6), Color(0xE9A93A), Color(0xF1E4C6), Color(0xD8482A), Color(0x6F9C8E)];

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel) =>
        Film.Expose(width, height, samples, seed, (float x, float y, ref Dice _) => Block(x, y, seed), cancel).Develop(Development.Print);

    private static Vector3 Block(float x, float y, int seed)
    {
        // One smooth field; its levels bound the regions, and within a region the cuts follow the field's own contours.
        float bendX = x + 0.35f * Noise.Cloudy(x * 1.1f, y * 1.1f, 2, seed + 1), bendY = y + 0.35f * Noise.Cloudy(x * 1.1f + 9, y * 1.1f, 2, seed + 2);
        float Field(float a, float b) => 3.1f * Noise.Plane(a * 0.85f, b * 0.85f, seed + 3) + 1.1f * b + 0.5f * a;
        float e = 0.004f, level = Field(bendX, bendY);
        float dx = (Field(bendX + e, bendY) - level) / e, dy = (Field(bendX, bendY + e) - level) / e, slope = MathF.Sqrt(dx * dx + dy * dy) + 0.6f;
        float scaled = level * 1.15f + 40, region = MathF.Floor(scaled), inside = scaled - region;
        var which = Noise.Hash((int)region, seed, 5);

        // The key line between regions, swelling and thinning as a knife's does.
        var edge = MathF.Min(inside, 1 - inside) / (1.15f * slope);
        var key = edge - 0.014f - 0.006f * Noise.Plane(x * 3, y * 3, seed + 6);

        // Hatching: along the contour, or turned from it by the region's own angle.
        var turn = ((which >> 4) % 5) switch { 0 => 0f, 1 => 0f, 2 => 0.55f, 3 => -0.8f, _ => 1.4f };
        float along = Solids.Turn(bendX, bendY, turn * 1.7f + 0.4f).Y * 16f;
        var phase = (turn == 0 ? inside * (8 + (which >> 8) % 5) : along) + 0.3f * Noise.Plane(x * 3.5f, y * 4, seed + 7) + 0.08f * Noise.Plane(x * 17, y * 17, seed + 8);
        var line = MathF.Abs(phase - MathF.Floor(phase) - 0.5f) * 2;
        var shade = 0.37f + 0.45f * Noise.Plane(x * 1.3f + 5, y * 1.3f, seed + 9) + 0.35f * (inside - 0.5f) + 0.16f * Noise.Plane(x * 7, y * 7, seed + 10);
        var cut = line - Math.Clamp(shade, 0.1f, 0.92f);

        var tint = Tints[which % (uint)Tints.Length];
        var wash = Noise.Step(-0.55f, 0.5f, Noise.Cloudy(x * 26, y * 26, 3, seed + 11) + 0.3f);
        var color = Vector3.Lerp(Paper, tint, 0.82f + 0.18f * wash) * (0.96f + 0.05f * Noise.Cloudy(x * 60, y * 14, 2, seed + 12));
        // Ink that did not quite take: pinholes where the block's grain stood low.
        var grain = Noise.Step(0.32f, 0.5f, Noise.Cloudy(x * 9, y * 70, 3, seed + 13));
        var black = key < 0 || cut < 0 ? 1 - 0.55f * grain : 0;
        return Vector3.Lerp(color, Ink, black);
    }
}

using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>Watercolor: washes that ran into one another, dried with dark rims, and settled in the paper's tooth.</summary>
internal static class Washes
{
    // What each pigment lets through at full strength: ultramarine, rose, sap green, ochre, burnt sienna, Payne's grey.
    private static readonly Vector3[] Pigments =
        [Color(0x1D3FA6), Color(0xC2255C), Color(0x3F7D2C), Color(0xE0A020), Color(0xA84A1E), Color(0x22304A), Color(0x1593A5)];

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel) =>
        Film.Expose(width, height, samples, seed, (float x, float y, ref Dice _) => Paper(x, y, seed), cancel).Develop(Development.Print);

    private static Vector3 Paper(float x, float y, int seed)
    {
        float tooth = Noise.Cloudy(x * 52, y * 52, 3, seed + 1), light = 0.97f + 0.035f * tooth;
        var passes = Vector3.One;
        for (var wash = 0; wash < 9; wash++)
        {
            int s = seed + 100 * (wash + 1);
            // Water carries the edge: large bends first, then the frayed blooms of a wet edge.
            float bx = x + 0.32f * Noise.Cloudy(x * 1.2f, y * 1.2f, 4, s), by = y + 0.32f * Noise.Cloudy(x * 1.2f + 9, y * 1.2f, 4, s + 10);
            var field = Noise.Plane(bx * 1.15f, by * 1.15f, s + 20) + 0.3f * Noise.Plane(bx * 2.7f, by * 2.7f, s + 21);
            field += 0.1f * Noise.Cloudy(x * 9, y * 9, 4, s + 22) - 0.24f;
            var wet = Noise.Step(0.05f, 0.5f, Noise.Plane(x * 1.6f, y * 1.6f, s + 23));
            var cover = Noise.Step(-0.012f - 0.35f * wet, 0.012f + 0.35f * wet, field);
            // Pigment drifts to a drying rim.
            var rim = MathF.Exp(-MathF.Max(field, 0) / 0.03f) * cover * (1 - wet);
            var pool = 0.62f + 0.75f * Noise.Cloudy(x * 2.2f, y * 2.2f, 4, s + 24) + 0.25f * Noise.Cloudy(x * 11, y * 11, 3, s + 25);
            var grains = 1 - 0.5f * tooth - 0.3f * Noise.Cloudy(x * 75, y * 75, 2, s + 26);
            var density = MathF.Max(0, cover * pool * 0.95f + 0.75f * rim) * MathF.Max(0.2f, grains) * 0.52f;
            passes *= Through(Pigments[wash % Pigments.Length], density);
        }
        // Splashes from a loaded brush.
        for (var size = 0; size < 2; size++)
        {
            var drops = Noise.Cells(x * (4.5f + 7 * size), y * (4.5f + 7 * size), seed + 40 + size);
            if (drops.Cell % 7 > 1) continue;
            var radius = 0.03f + 0.1f * (drops.Cell >> 8 & 255) / 255f;
            var drop = Noise.Step(radius + 0.012f, radius - 0.012f, drops.First);
            passes *= Through(Pigments[(drops.Cell >> 16) % (uint)Pigments.Length], drop * (0.6f + 0.8f * MathF.Exp(-MathF.Abs(radius - drops.First) / 0.02f)));
        }
        return Color(0xFBF6EA) * light * passes;
    }

    // Beer's law: twice the pigment lets through the square.
    private static Vector3 Through(Vector3 pigment, float density) =>
        new(MathF.Pow(pigment.X + 0.03f, density), MathF.Pow(pigment.Y + 0.02f, density), MathF.Pow(pigment.Z + 0.02f, density));
}

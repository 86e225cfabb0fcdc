using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>Wave upon wave of overlapping fans, as block printers have long cut the sea: indigo, turquoise, foam.</summary>
internal static class Tide
{
    private static readonly Vector3 Indigo = Color(0x16305C), Blue = Color(0x2A6596), Sea = Color(0x69AEB4), Foam = Color(0xF3ECD8), Coral = Color(0xDE7A55), Key = Color(0x101B33);

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel) =>
        Film.Expose(width, height, samples, seed, (float x, float y, ref Dice _) => Print(x, y, seed), cancel).Develop(Development.Print);

    private static Vector3 Print(float x, float y, int seed)
    {
        // The swell bends the rows; the paper and the block's grain do not bend with it.
        var p = new Vector2(x + 0.1f * Noise.Plane(x * 1.3f, y * 1.3f, seed + 1), y + 0.17f * Noise.Plane(x * 1.05f, y * 1.05f, seed + 2) + 0.03f * Noise.Plane(x * 4, y * 4, seed + 3));
        var (d, angle, fan) = Frontmost(p, seed);
        float deep = Noise.Value((int)fan, 1, seed), wet = 0.5f + 0.55f * Noise.Cloudy(x * 1.4f, y * 1.4f, 3, seed + 4);

        // Wiped color: dark at the foot of the fan, light under the crest.
        var fill = Vector3.Lerp(Indigo, Blue, Noise.Step(0.2f, 0.75f, d + 0.25f * (wet - 0.5f)));
        fill = Vector3.Lerp(fill, Sea, Noise.Step(0.5f, 0.95f, d * (0.6f + 0.6f * deep)));
        if (fan % 7 == 0) fill = Vector3.Lerp(Coral, Foam, 0.45f * Noise.Step(0.3f, 1, d));

        // Rings of white line, cut by hand: they swell, break off, and differ from fan to fan.
        var ring = d * (7 + fan % 3) + 0.1f * Noise.Plane(angle * 3, fan % 97, seed + 5);
        var line = MathF.Abs(ring - MathF.Floor(ring) - 0.5f) - (0.13f + 0.12f * d + 0.08f * Noise.Plane(angle * 4, ring, seed + 6));
        var color = Vector3.Lerp(fill, Foam, 1 - Noise.Step(-0.03f, 0.03f, d > 0.22f ? line : 1));

        // The crest breaks into fingers with dark notches.
        var finger = 0.9f - 0.07f * MathF.Abs(MathF.Sin(angle * (7 + fan % 4) + fan % 10)) - 0.03f * Noise.Plane(angle * 12, fan % 89, seed + 7);
        var foam = Noise.Step(finger - 0.012f, finger + 0.012f, d);
        color = Vector3.Lerp(color, Foam * (0.94f + 0.06f * wet), foam);
        var outline = MathF.Min(MathF.Abs(d - finger) - 0.014f, 0.972f - d);
        color = Vector3.Lerp(Key, color, Noise.Step(-0.006f, 0.01f, outline));
        var spray = Noise.Cells(x * 13, y * 13, seed + 8);
        if (spray.First < 0.1f && d is > 0.3f and < 0.8f && spray.Cell % 3 == 0) color = Foam;

        // Baren marks, grain of the block, fiber of the paper.
        var grain = 1 + 0.1f * Noise.Cloudy(x * 3, y * 42, 4, seed + 9) + 0.09f * Noise.Cloudy(x * 7, y * 7, 3, seed + 10) + 0.05f * Noise.Cloudy(x * 60, y * 60, 2, seed + 11);
        return color * grain;
    }

    // Rows overlap upward: of the fans that cover a place, the one whose foot is lowest lies in front.
    private static (float Distance, float Angle, uint Fan) Frontmost(Vector2 p, int seed)
    {
        const float rise = 0.135f, spread = 0.46f;
        var bottom = (int)MathF.Floor((p.Y - 0.36f) / rise);
        for (var row = bottom; row < bottom + 5; row++)
        {
            float shift = (row & 1) * 0.5f, best = 1;
            (float, float, uint) found = (1, 0, 0);
            var middle = (int)MathF.Floor(p.X / spread - shift + 0.5f);
            for (var column = middle - 1; column <= middle + 1; column++)
            {
                var fan = Noise.Hash(row, column, seed + 20);
                var center = new Vector2((column + shift + 0.16f * ((fan & 255) / 255f - 0.5f)) * spread, row * rise + 0.05f * ((fan >> 8 & 255) / 255f - 0.5f));
                var away = p - center;
                var d = away.Length() / (0.27f + 0.05f * (fan >> 16 & 255) / 255f);
                if (d < best) (best, found) = (d, (d, MathF.Atan2(away.Y, away.X), fan >> 4));
            }
            if (best < 1) return found;
        }
        return (0.5f, 0, 1);
    }
}

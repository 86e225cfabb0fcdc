using System.Numerics;

namespace ImageGen.Painters;

/// <summary>
/// The land around the lake, in meters: heights and forest, worked out once on a grid that is fine near the camera and
/// coarse far away (columns are lines of sight, rows are steps of the distance's logarithm). The camera stands at the
/// origin and looks along -z; the lake's surface is y = 0.
/// </summary>
internal sealed class LakeLand
{
    private const float Wide = 0.85f, Nearest = 40, Farthest = 26_000;
    private static readonly float Span = MathF.Log(Farthest / Nearest);

    private readonly int columns, rows, seed;
    private readonly float[] heights, canopy;

    /// <summary>Works the land out.</summary>
    /// <param name="width">The picture's, in pixels: a small one needs a coarser grid.</param>
    /// <param name="seed">Another seed is another land.</param>
    /// <param name="cancel">Stops between rows.</param>
    public LakeLand(int width, int seed, CancellationToken cancel)
    {
        var fineness = Math.Clamp(width / 768f, 0.25f, 2);
        (columns, rows, this.seed) = ((int)(2048 * fineness), (int)(3072 * fineness), seed);
        heights = new float[columns * rows];
        canopy = new float[columns * rows];
        Parallel.For(0, rows, Film.Cores(cancel), row =>
        {
            var z = -Nearest * MathF.Exp(Span * row / (rows - 1));
            for (var column = 0; column < columns; column++)
            {
                var x = Wide * (2f * column / (columns - 1) - 1) * -z;
                var ground = Ground(x, z);
                var tree = Tree(x, z, ground);
                heights[row * columns + column] = ground + tree;
                canopy[row * columns + column] = tree;
            }
        });
    }

    /// <summary>The height of the ground, or of the tree tops where there are trees.</summary>
    public float Height(float x, float z) => Look(heights, x, z);

    /// <summary>How much of the height is tree.</summary>
    public float Canopy(float x, float z) => Look(canopy, x, z);

    /// <summary>The distance along a ray to the land, or infinity.</summary>
    public float March(Vector3 from, Vector3 direction, float start, float end)
    {
        float t = start, before = start;
        for (var step = 0; step < 900 && t < end; step++)
        {
            var p = from + direction * t;
            if (p.Y > 2600 && direction.Y > 0) break;
            var above = p.Y - Height(p.X, p.Z);
            if (above < 0)
            {
                for (var halving = 0; halving < 6; halving++)
                {
                    var middle = (before + t) / 2;
                    p = from + direction * middle;
                    if (p.Y < Height(p.X, p.Z)) t = middle; else before = middle;
                }
                return t;
            }
            before = t;
            t += MathF.Max(above * 0.4f, 0.0022f * MathF.Max(-p.Z, Nearest));
        }
        return float.PositiveInfinity;
    }

    /// <summary>How much of the sun passes: soft at the edges of far shadows.</summary>
    public float Sunlight(Vector3 from, Vector3 sun)
    {
        float light = 1, t = 6;
        for (var step = 0; step < 70 && t < 9000; step++)
        {
            var p = from + sun * t;
            var above = p.Y - Height(p.X, p.Z);
            light = MathF.Min(light, 0.5f + 34 * above / t);
            if (light <= 0) return 0;
            t += Math.Clamp(above * 0.7f, 6 + 0.02f * t, 300);
        }
        return Noise.Step(0, 1, light);
    }

    private float Ground(float x, float z)
    {
        var far = MathF.Sqrt(x * x + z * z);
        // The lake: an oval bent by noise; the land rises from its shore.
        float bendX = x + 170 * Noise.Cloudy(x / 420, z / 420, 3, seed + 1), bendZ = z + 170 * Noise.Cloudy(x / 420 + 9, z / 420, 3, seed + 2);
        var shore = MathF.Sqrt(Square((bendX - 40) / 640) + Square((bendZ + 700) / 900)) - 1;
        var height = shore < 0 ? shore * 60 : 70 * shore + 190 * shore * shore / (1 + shore);

        // Hills behind the shore, then the ranges: each farther one higher.
        height += MathF.Max(0, shore) * 150 * Noise.Cloudy(x / 800, z / 800, 4, seed + 3);
        var range = Noise.Step(1500, 5200, far);
        if (range == 0) return height;
        var peaks = Noise.Ridged(x / 3300 + 0.31f, z / 3300 + 0.2f, 9, seed + 4);
        var massif = 0.52f * MathF.Exp(-Square((x - 1700) / 1300) - Square((z + 5400) / 2000))
            + 0.46f * MathF.Exp(-Square((x + 3500) / 1300) - Square((z + 5600) / 2400))
            + 0.6f * MathF.Exp(-Square((x + 500) / 2600) - Square((z + 10500) / 2500));
        height += range * peaks * (230 + 2900 * massif);
        height += range * 130 * Noise.Cloudy(x / 420, z / 420, 6, seed + 5);
        height += range * 420 * Noise.Step(7000, 16000, far) * peaks;
        return height;
    }

    private float Tree(float x, float z, float ground)
    {
        if (ground < 1.5f || ground > 620) return 0;
        var woods = 0.62f + 0.9f * Noise.Cloudy(x / 260, z / 260, 3, seed + 8) - 0.0011f * MathF.Max(0, ground - 180);
        if (woods < 0.1f) return 0;
        woods -= 0.5f * Noise.Step(0.7f, 1.3f, MathF.Abs(Ground(x + 12, z) - ground) / 12); // none where it is too steep
        if (woods < 0.1f) return 0;
        const float spacing = 6.5f;
        int i = (int)MathF.Floor(x / spacing), j = (int)MathF.Floor(z / spacing);
        float best = 0;
        for (var b = -1; b <= 1; b++)
            for (var a = -1; a <= 1; a++)
            {
                var h = Noise.Hash(i + a, j + b, seed + 9);
                if ((h & 255) / 255f > woods * 1.6f) continue;
                float dx = (i + a + 0.2f + 0.6f * (h >> 8 & 255) / 255f) * spacing - x, dz = (j + b + 0.2f + 0.6f * (h >> 16 & 255) / 255f) * spacing - z;
                var size = 0.6f + 0.6f * (h >> 24) / 255f;
                var top = 19 * size * (1 - MathF.Sqrt(dx * dx + dz * dz) / (4.2f * size));
                best = MathF.Max(best, top);
            }
        return best;
    }

    private float Look(float[] map, float x, float z)
    {
        z = MathF.Min(z, -Nearest);
        float u = Math.Clamp((x / -z / Wide + 1) * 0.5f, 0, 1) * (columns - 1.001f);
        float v = Math.Clamp(MathF.Log(-z / Nearest) / Span, 0, 1) * (rows - 1.001f);
        int i = (int)u, j = (int)v, at = j * columns + i;
        u -= i;
        v -= j;
        return float.Lerp(float.Lerp(map[at], map[at + 1], u), float.Lerp(map[at + columns], map[at + columns + 1], u), v);
    }

    private static float Square(float x) => x * x;
}

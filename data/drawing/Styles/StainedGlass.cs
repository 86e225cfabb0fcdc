using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>Panes of colored glass in lead, lit from behind: Voronoi cells evened by Lloyd's steps, in drifts of color.</summary>
internal sealed class StainedGlass
{
    private const int Grid = 64;
    private static readonly Vector3[][] Drifts =
    [
        [Color(0x0B2F8F), Color(0x1553C4), Color(0x0A1E66), Color(0x2E7FD9), Color(0x123C9C)],
        [Color(0xE0851B), Color(0xF2B431), Color(0xC9571A), Color(0xF6D26A), Color(0xE59A22)],
        [Color(0x0F6B4A), Color(0x1C9A63), Color(0x0A4A52), Color(0x58B85C), Color(0x0D7F78)],
        [Color(0xA31621), Color(0xD1263A), Color(0x6E0F2B), Color(0xE2533C), Color(0xB5174E)],
        [Color(0xE9E2C8), Color(0x8FC7DB), Color(0x6B3FA8), Color(0xF0D9A0), Color(0x3F8FC2)],
    ];

    private readonly int seed;
    private readonly Vector2[] centers;
    private readonly List<int>[] buckets = [.. Enumerable.Range(0, Grid * Grid).Select(_ => new List<int>())];

    private StainedGlass(int seed)
    {
        this.seed = seed;
        centers = Evened(Scattered(300));
        for (var i = 0; i < centers.Length; i++) buckets[Bucket(centers[i])].Add(i);
    }

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var glass = new StainedGlass(seed);
        return Film.Expose(width, height, samples, seed, (float x, float y, ref Dice _) => glass.Light(x, y), cancel)
            .Develop(new() { Exposure = 1.6f, Glow = 0.16f, Vignette = 0.12f, Saturation = 1.12f, Grain = 1.5f });
    }

    private Vector3 Light(float x, float y)
    {
        // Edges that waver a little, as cut glass does.
        var p = new Vector2(x, y) + 0.012f * new Vector2(Noise.Plane(x * 9, y * 9, seed + 1), Noise.Plane(x * 9, y * 9, seed + 2));
        var (mine, other, edge) = Nearest(p);
        int drift = Drift(centers[mine]), beyond = Drift(centers[other]);
        var lead = drift == beyond ? 0.0125f : 0.021f;
        if (edge < lead)
        {
            // Lead is round: a faint sheen on its back.
            var round = 1 - edge / lead;
            return new Vector3(0.012f, 0.012f, 0.015f) + new Vector3(0.05f, 0.052f, 0.06f) * MathF.Pow(round, 3) * (0.6f + 0.5f * Noise.Plane(x * 40, y * 40, seed + 3));
        }
        var h = Noise.Hash(mine, seed, 4);
        var colors = Drifts[drift];
        var color = Vector3.Lerp(colors[h % 5], colors[(h >> 8) % 5], 0.3f * Noise.Value(mine, 5));
        // Streaks of the melt in each pane's own direction, seeds and ripples, the light behind it, dirt toward the lead.
        var local = Solids.Turn(p.X, p.Y, 6.28f * Noise.Value(mine, 6));
        var streak = Noise.Cloudy(local.X * 5 + mine, local.Y * 22, 4, seed + 7);
        var ripple = Noise.Cloudy(local.X * 16, local.Y * 16, 3, seed + 8);
        var bubble = Noise.Step(0.1f, 0.04f, Noise.Cells(x * 16, y * 16, seed + 9).First);
        var behind = 1.0f + 0.45f * Noise.Cloudy(x * 0.9f, y * 0.9f, 2, seed + 10) + 0.75f * (Noise.Value(mine, 11) - 0.4f);
        var tilt = Vector2.Dot(p - centers[mine], new Vector2(-0.5f, 0.8f)) * 3.2f;
        var dirt = Noise.Step(lead, lead + 0.05f, edge);
        var light = behind * (1 + 0.7f * streak + 0.3f * ripple + tilt) * (0.42f + 0.58f * dirt) + 0.5f * bubble;
        return Vector3.Lerp(color, color * color * 1.4f, 1 - dirt) * MathF.Max(light, 0.08f) * 2.1f + new Vector3(0.03f) * bubble;
    }

    // Rivers of color: the level sets of one bent field.
    private int Drift(Vector2 at)
    {
        float x = at.X + 0.45f * Noise.Plane(at.X * 0.9f, at.Y * 0.9f, seed + 20), y = at.Y + 0.45f * Noise.Plane(at.X * 0.9f + 7, at.Y * 0.9f, seed + 21);
        var field = 2.9f * Noise.Plane(x * 0.8f, y * 0.8f, seed + 22) + 1.3f * x + 1.1f * y;
        return (int)MathF.Floor(field * 1.25f + 50) % Drifts.Length;
    }

    private (int Mine, int Other, float Edge) Nearest(Vector2 p)
    {
        float first = 9, second = 9;
        int mine = 0, other = 0, home = Bucket(p), reach = 5;
        Span<int> near = stackalloc int[160];
        var count = 0;
        for (var j = Math.Max(0, home / Grid - reach); j <= Math.Min(Grid - 1, home / Grid + reach); j++)
            for (var i = Math.Max(0, home % Grid - reach); i <= Math.Min(Grid - 1, home % Grid + reach); i++)
                foreach (var index in buckets[j * Grid + i])
                {
                    if (count < near.Length) near[count++] = index;
                    var d = Vector2.DistanceSquared(p, centers[index]);
                    if (d < first) { first = d; mine = index; }
                }
        // The distance to a cell's edge is the least distance to a bisector.
        foreach (var index in near[..count])
        {
            if (index == mine) continue;
            var way = centers[index] - centers[mine];
            var d = Vector2.Dot((centers[index] + centers[mine]) * 0.5f - p, way) / way.Length();
            if (d < second) { second = d; other = index; }
        }
        return (mine, other, second);
    }

    private static int Bucket(Vector2 p) =>
        Math.Clamp((int)((p.Y + 1.2f) / 2.4f * Grid), 0, Grid - 1) * Grid + Math.Clamp((int)((p.X + 1.2f) / 2.4f * Grid), 0, Grid - 1);

    // Denser in some places than in others: a candidate survives where the field allows it.
    private List<Vector2> Scattered(int count)
    {
        var points = new List<Vector2>();
        for (var i = 0; points.Count < count; i++)
        {
            var p = new Vector2(Noise.Value(i, 1, seed), Noise.Value(i, 2, seed)) * 2.4f - new Vector2(1.2f);
            if (Noise.Value(i, 3, seed) < 0.4f + 0.75f * Noise.Plane(p.X * 1.1f, p.Y * 1.1f, seed + 30)) points.Add(p);
        }
        return points;
    }

    // Two of Lloyd's steps: each point moves to the middle of its cell. More would make honeycomb.
    private static Vector2[] Evened(List<Vector2> points)
    {
        Vector2[] at = [.. points];
        for (var round = 0; round < 2; round++)
        {
            var sums = new Vector3[at.Length];
            for (var j = 0; j < 160; j++)
                for (var i = 0; i < 160; i++)
                {
                    var p = new Vector2(i + 0.5f, j + 0.5f) * (2.4f / 160) - new Vector2(1.2f);
                    var best = 0;
                    for (var k = 1; k < at.Length; k++)
                        if (Vector2.DistanceSquared(p, at[k]) < Vector2.DistanceSquared(p, at[best])) best = k;
                    sums[best] += new Vector3(p, 1);
                }
            for (var k = 0; k < at.Length; k++)
                if (sums[k].Z > 0) at[k] = Vector2.Lerp(at[k], new Vector2(sums[k].X, sums[k].Y) / sums[k].Z, 0.8f);
        }
        return at;
    }
}

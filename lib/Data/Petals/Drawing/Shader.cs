using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>
/// Turns what the film saw into colors: wrapped diffuse light, light that shines through petals, a highlight, veins,
/// and shadows found from depth alone. Where the blurred depth lies in front of a sample, something near hides the sky
/// from it (Luft, Colditz and Deussen, "Image enhancement by unsharp masking the depth buffer", 2006); looked up a
/// little toward the sun, the same blur gives soft shadows from petal to petal.
/// </summary>
internal sealed class Shader(Stage stage)
{
    private const int StreakSteps = 1024, StepsPerStreak = 16;

    private static readonly float[] Streaks = MakeStreaks();

    private readonly int side = stage.Film.Side;
    private readonly float[] near = new float[stage.Film.Side * stage.Film.Side];
    private readonly float[] spare = new float[stage.Film.Side * stage.Film.Side];

    /// <summary>Shades the plant over the background.</summary>
    /// <param name="background">Linear colors, row by row.</param>
    /// <param name="light">The light on the plant.</param>
    /// <returns>RGB bytes, row by row.</returns>
    public byte[] Develop(ReadOnlySpan<Vector3> background, Light light)
    {
        BlurDepth();
        var film = stage.Film;
        var materials = stage.Materials;
        var rgb = new byte[side * side * 3];
        var samples = film.Samples;
        var share = 1f / (samples * samples);
        var offset = side * 0.055f;
        var (shiftX, shiftY) = ((int)MathF.Round(light.Toward.X * offset), (int)MathF.Round(-light.Toward.Y * offset));
        var half = Vector3.Normalize(light.Toward + Vector3.UnitZ);
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
            {
                var here = near[y * side + x];
                var sunward = near[Math.Clamp(y + shiftY, 0, side - 1) * side + Math.Clamp(x + shiftX, 0, side - 1)];
                var sum = Vector3.Zero;
                var covered = 0;
                for (var sy = 0; sy < samples; sy++)
                    for (int sx = 0, at = (y * samples + sy) * film.Width + x * samples; sx < samples; sx++, at++)
                    {
                        var depth = film.Depth[at];
                        if (depth == Film.Empty) continue;
                        covered++;
                        var open = 1 - 0.9f * Math.Clamp((here - depth) * 6f, 0, 1);
                        var sun = 1 - light.Shadow * Math.Clamp((sunward - depth - 0.015f) * 7f, 0, 1);
                        sum += Shade(film.Seen[at], materials, light, half, open, sun);
                    }
                var color = sum * share + background[y * side + x] * (1 - covered * share);
                var to = (y * side + x) * 3;
                rgb[to] = LinearColor.ToByte(color.X);
                rgb[to + 1] = LinearColor.ToByte(color.Y);
                rgb[to + 2] = LinearColor.ToByte(color.Z);
            }
        return rgb;
    }

    private static Vector3 Shade(in Sighting seen, ReadOnlySpan<Material> materials, Light light, Vector3 half, float open, float sun)
    {
        ref readonly var material = ref materials[seen.Part];
        var normal = seen.Normal * (1 / MathF.Sqrt(MathF.Max(1e-12f, Vector3.Dot(seen.Normal, seen.Normal))));
        if (normal.Z < 0) normal = -normal;

        var color = seen.U < 0.4f
            ? Vector3.Lerp(material.Root, material.Body, Smooth(seen.U * 2.5f))
            : Vector3.Lerp(material.Body, material.Tip, (seen.U - 0.4f) * 1.6667f);
        if (material.VeinDepth != 0)
        {
            var streak = Streaks[(int)((seen.V * 0.5f + 0.5f) * material.Veins * StepsPerStreak + material.Grain * StreakSteps) & (StreakSteps - 1)];
            color *= 1 - material.VeinDepth * streak * (1 - 0.5f * seen.U);
            var margin = seen.V * seen.V;
            color *= 1 + material.Fringe * margin * margin;
        }

        var facing = Vector3.Dot(normal, light.Toward);
        var diffuse = MathF.Max(0, (facing + 0.25f) * 0.8f) * sun;
        var through = material.Glow * MathF.Max(0, 0.3f - facing) * sun;
        var sky = Vector3.Lerp(light.Ground, light.Sky, 0.5f + 0.35f * normal.Y + 0.15f * normal.Z) * open;
        var shine = Vector3.Dot(normal, half);
        shine *= shine;
        shine *= shine;
        shine *= shine;
        shine *= shine * material.Gloss * sun;
        var rim = 1 - normal.Z;
        rim *= rim * 0.25f;
        return color * (light.Sun * (diffuse + through) + sky * (1 + rim)) + light.Sun * shine;
    }

    // Irregular lines: smooth noise, sharpened so that dark streaks are narrow, and finer noise on top. It repeats without a seam.
    private static float[] MakeStreaks()
    {
        var random = new SplitMix64(1);
        float[] coarse = [.. Enumerable.Range(0, StreakSteps / StepsPerStreak).Select(_ => random.NextUnit())];
        float[] fine = [.. Enumerable.Range(0, StreakSteps / 4).Select(_ => random.NextUnit())];
        return [.. Enumerable.Range(0, StreakSteps).Select(i =>
        {
            var wide = At(coarse, (float)i / StepsPerStreak);
            return 0.75f * wide * wide + 0.35f * At(fine, i / 4f) - 0.1f;
        })];

        static float At(float[] noise, float place)
        {
            var (whole, part) = ((int)place, place - (int)place);
            return noise[whole] + (noise[(whole + 1) % noise.Length] - noise[whole]) * Smooth(part);
        }
    }

    private static float Smooth(float t) => t * t * (3 - 2 * t);

    private void BlurDepth()
    {
        var film = stage.Film;
        var floor = float.MaxValue;
        foreach (var depth in film.Depth)
            if (depth != Film.Empty && depth < floor) floor = depth;
        if (floor == float.MaxValue) floor = 0;
        var samples = film.Samples;
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
            {
                float sum = 0;
                for (var sy = 0; sy < samples; sy++)
                    for (int sx = 0, at = (y * samples + sy) * film.Width + x * samples; sx < samples; sx++, at++)
                        sum += MathF.Max(film.Depth[at], floor);
                near[y * side + x] = sum / (samples * samples);
            }
        var reach = Math.Max(1, side / 32);
        for (var pass = 0; pass < 2; pass++)
        {
            Box(near, spare, 1, side, reach);
            Box(spare, near, side, 1, reach);
        }
    }

    /// <summary>Averages along lines: pixels of a line lie <paramref name="step"/> apart, lines <paramref name="next"/>.</summary>
    private void Box(float[] from, float[] to, int step, int next, int reach)
    {
        var share = 1f / (2 * reach + 1);
        for (var line = 0; line < side; line++)
        {
            var start = line * next;
            float sum = 0;
            for (var i = -reach; i <= reach; i++) sum += from[start + Math.Clamp(i, 0, side - 1) * step];
            for (var i = 0; i < side; i++)
            {
                to[start + i * step] = sum * share;
                sum += from[start + Math.Min(i + reach + 1, side - 1) * step] - from[start + Math.Max(i - reach, 0) * step];
            }
        }
    }
}

using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

/// <summary>A mountain lake at evening: peaks in the last sun, haze in the valley, forest on the shores, broken reflections.</summary>
internal sealed class Lake(int width, int seed, CancellationToken cancel)
{
    private static readonly Vector3 Sun = Vector3.Normalize(new(-0.9f, 0.25f, -0.1f));
    private static readonly Vector3 SunLight = new(7.6f, 3.9f, 1.7f), SkyLight = new(0.34f, 0.47f, 0.78f);
    private readonly LakeLand land = new(width, seed, cancel);

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var lake = new Lake(width, seed, cancel);
        var camera = new Camera(new(0, 9, 0), new(0, 69, -1000), 2.3f);
        Seen See(float x, float y, ref Dice dice)
        {
            var (from, direction) = camera.Ray(x, y, ref dice);
            return lake.Light(from, direction);
        }
        var film = Film.Expose(width, height, samples, seed, See, cancel);
        Foreground.Paint(film, Sun, seed);
        return film.Develop(new() { Exposure = 1.4f, Glow = 0.1f, Vignette = 0.3f, Saturation = 1.1f });
    }

    private Vector3 Light(Vector3 from, Vector3 direction)
    {
        var water = direction.Y < 0 ? -from.Y / direction.Y : float.PositiveInfinity;
        var ground = land.March(from, direction, 40, MathF.Min(water, 26_000));
        if (ground < water) return Shore(from, direction, ground);
        return float.IsInfinity(water) || water > 26_000 ? Sky(direction) : Water(from + direction * water, direction, water);
    }

    private Vector3 Water(Vector3 p, Vector3 direction, float distance)
    {
        // Calm sheets and streaks of breeze; far ripples are finer than a pixel and only blur.
        var breeze = 0.25f + 0.75f * Noise.Step(-0.05f, 0.35f, Noise.Cloudy(p.X / 190, p.Z / 42, 3, seed + 20));
        float near = 1 / (1 + distance / 260);
        float Wave(float scale, int which) => Noise.Plane(p.X / scale * 0.55f, p.Z / scale, seed + which);
        float tiltX = 0.018f * Wave(1.1f, 21) * near + 0.014f * Wave(5, 22) + 0.006f * Wave(19, 23);
        float tiltZ = 0.045f * Wave(1.3f, 24) * near + 0.03f * Wave(4.4f, 25) + 0.014f * Wave(17, 26);
        var normal = Vector3.Normalize(new(tiltX * breeze, 1, tiltZ * breeze));
        var mirrored = Vector3.Reflect(direction, normal);
        mirrored.Y = MathF.Max(mirrored.Y, 0.004f);
        mirrored = Vector3.Normalize(mirrored);
        var hit = land.March(p, mirrored, 6, 26_000);
        var reflected = float.IsInfinity(hit) ? Sky(mirrored) : Shore(p, mirrored, hit);
        var fresnel = 0.03f + 0.97f * MathF.Pow(1 - MathF.Max(0, -Vector3.Dot(direction, normal)), 5);
        var body = new Vector3(0.018f, 0.052f, 0.06f) + 0.05f * SkyLight * breeze;
        var seen = Vector3.Lerp(body, reflected * new Vector3(0.9f, 0.93f, 0.95f), Math.Clamp(fresnel * 1.1f + 0.12f, 0, 1));
        return Haze(seen, direction, distance, p);
    }

    private Vector3 Shore(Vector3 from, Vector3 direction, float distance)
    {
        var p = from + direction * distance;
        var e = MathF.Max(1.2f, -p.Z * 0.0016f);
        float here = land.Height(p.X, p.Z), tree = land.Canopy(p.X, p.Z);
        var normal = Vector3.Normalize(new(land.Height(p.X - e, p.Z) - land.Height(p.X + e, p.Z), 2 * e, land.Height(p.X, p.Z - e) - land.Height(p.X, p.Z + e)));

        // Rock in layers, snow where it can lie, grass lower, trees where the land has them.
        float rough = Noise.Cloudy(p.X / 90, p.Z / 90, 5, seed + 10), strata = Noise.Plane(p.Y / 26 + rough * 1.5f, rough, seed + 11);
        var rock = Vector3.Lerp(Color(0x6B6058), Color(0x8F8378), 0.5f + 0.5f * strata) * (0.8f + 0.5f * rough);
        var snow = Noise.Step(0.62f, 0.74f, normal.Y + 0.00024f * (here - 900) + 0.16f * rough) * Noise.Step(560, 980, here + 240 * rough);
        var grass = Noise.Step(0.6f, 0.85f, normal.Y) * Noise.Step(760, 420, here + 160 * rough);
        var albedo = Vector3.Lerp(rock, Vector3.Lerp(Color(0x5A6B33), Color(0x8B7F3E), 0.5f + 0.8f * rough), grass);
        albedo = Vector3.Lerp(albedo, new Vector3(0.86f, 0.89f, 0.95f), snow);
        if (here < 5 && tree < 1) albedo = Vector3.Lerp(Color(0x4B443C), albedo, Noise.Step(0.6f, 4, here + 2 * rough));
        if (tree > 0.6f)
        {
            var kind = Noise.Plane(p.X / 31, p.Z / 31, seed + 12) + 0.7f * Noise.Plane(p.X / 5, p.Z / 5, seed + 13);
            albedo = Vector3.Lerp(Color(0x24371F), Color(0x56602A), Noise.Step(-0.2f, 1, kind)) * (0.35f + 0.075f * MathF.Min(tree, 13));
            if (kind > 0.85f) albedo = Color(0x9A6A1E) * (0.4f + 0.06f * tree); // a birch that turned
        }
        var bumps = new Vector3(Noise.Cloudy(p.X / 30, p.Z / 30 + p.Y / 20, 3, seed + 14), 0, Noise.Cloudy(p.X / 30 + 7, p.Z / 30 + p.Y / 20, 3, seed + 15));
        normal = Vector3.Normalize(normal + bumps * (0.35f * (1 - 0.7f * snow)));

        var slant = MathF.Max(0, Vector3.Dot(normal, Sun));
        var sun = slant > 0 ? land.Sunlight(p + normal * 2 + Vector3.UnitY * 2, Sun) : 0;
        var light = SunLight * (slant * sun) + SkyLight * (0.55f + 0.45f * normal.Y) + new Vector3(0.5f, 0.3f, 0.16f) * (0.3f * MathF.Max(0, -normal.X));
        return Haze(albedo * light, direction, distance, p);
    }

    // Blue air that thickens with distance, warm toward the sun, and a bank of mist that lies on the water.
    private static Vector3 Haze(Vector3 light, Vector3 direction, float distance, Vector3 place)
    {
        var toward = MathF.Max(0, Vector3.Dot(Vector3.Normalize(direction with { Y = 0 }), Vector3.Normalize(Sun with { Y = 0 })));
        var air = Vector3.Lerp(new(0.33f, 0.43f, 0.62f), new(1.5f, 0.86f, 0.45f), 0.15f + 0.85f * toward * toward);
        var clear = new Vector3(MathF.Exp(-distance / 38_000), MathF.Exp(-distance / 29_000), MathF.Exp(-distance / 20_000));
        light = light * clear + air * (Vector3.One - clear);
        var drift = Noise.Step(-0.35f, 0.4f, Noise.Cloudy(place.X / 700, place.Z / 500 + place.Y / 60, 4, 77));
        var mist = (1 - MathF.Exp(-MathF.Max(0, distance - 800) / 2500)) * MathF.Exp(-MathF.Max(0, place.Y) / 85) * (0.25f + 0.75f * drift);
        return Vector3.Lerp(light, air * 1.25f + new Vector3(0.12f, 0.12f, 0.13f), 0.8f * mist);
    }

    private Vector3 Sky(Vector3 direction)
    {
        var up = MathF.Max(direction.Y, 0);
        var near = MathF.Max(0, Vector3.Dot(direction, Sun));
        var level = MathF.Max(0, Vector3.Dot(Vector3.Normalize(direction with { Y = 0 }), Vector3.Normalize(Sun with { Y = 0 })));
        var low = Vector3.Lerp(new(1.0f, 0.72f, 0.62f), new(2.6f, 1.4f, 0.6f), level * level);
        var sky = Vector3.Lerp(low, new(0.16f, 0.33f, 0.72f), 1 - MathF.Exp(-up * 4.2f));
        sky += new Vector3(2.4f, 1.3f, 0.5f) * (0.6f * MathF.Pow(near, 4));

        // Clouds on a flat ceiling: long streaks, thicker in drifts, lit along their sunward edges.
        if (up < 0.012f) return sky;
        float x = direction.X / (up + 0.06f), z = direction.Z / (up + 0.06f);
        float Density(float a, float b)
        {
            var warp = 0.7f * Noise.Cloudy(a * 0.5f, b * 0.9f, 3, seed + 31);
            return Noise.Cloudy(a * 0.55f + warp, b * 1.25f + warp, 6, seed + 30) + 0.45f * Noise.Plane(a * 0.22f, b * 0.4f, seed + 32);
        }
        float cloud = Density(x, z), toSun = Density(x + 0.22f * Sun.X, z + 0.22f * Sun.Z);
        var cover = Noise.Step(-0.2f, 0.32f, cloud) * Noise.Step(0.012f, 0.1f, up);
        var bright = Math.Clamp(0.5f + 1.5f * (cloud - toSun) - 0.5f * cover, 0, 1);
        var lit = Vector3.Lerp(new(0.5f, 0.42f, 0.55f), new(2.7f, 1.55f, 0.95f), bright * (0.55f + 0.45f * level));
        return Vector3.Lerp(sky, lit, 0.88f * cover);
    }
}

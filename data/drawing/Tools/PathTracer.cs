using System.Numerics;

namespace ImageGen.Painters;

/// <summary>
/// Follows light backward through a scene of signed distances: sphere tracing (Hart, 1996) finds surfaces, and at each
/// one the sun and the window are asked directly, the rest of the light by one random path (Kajiya, 1986).
/// </summary>
internal sealed class PathTracer(Scene scene, int bounces)
{
    public Seen Trace(Vector3 from, Vector3 direction, ref Dice dice)
    {
        var seen = new Seen();
        var carried = Vector3.One;
        bool seesLamps = true, soft = false, sheen = false;
        for (var bounce = 0; bounce <= bounces; bounce++)
        {
            var distance = March(from, direction, scene.Reach, out var part);
            if (scene.Light is { } window && seesLamps && HitsWindow(window, from, direction, distance)) return Add(window.Light);
            if (part < 0) return Add(scene.Sky(direction));

            var p = from + direction * distance;
            var normal = NormalAt(p, distance);
            var surface = scene.At(part, p, normal, distance);
            var above = p + normal * (0.002f + 0.0005f * distance);

            // Schlick's Fresnel, tamed at grazing angles; one coin decides between the coat and the body.
            var facing = MathF.Max(-Vector3.Dot(direction, surface.Normal), 0);
            var fresnel = surface.Gloss <= 0 ? 0
                : surface.Gloss + (MathF.Max(0.6f * (1 - surface.Roughness), surface.Gloss) - surface.Gloss) * MathF.Pow(1 - facing, 5);
            var body = surface.Albedo * (1 - fresnel);
            var local = seesLamps ? surface.Emission : Vector3.Zero;
            local += body * Sunlight(above, surface.Normal, ref dice);
            if (surface.Gloss > 0 && bounce == 0) local += fresnel * SunGlint(above, surface, direction, ref dice);
            var skylight = Windowlight(above, surface.Normal, ref dice);
            // Half of the first looks go to the coat: what it mirrors is seen sharply, and noise there shows.
            var coat = fresnel <= 0 ? 0 : bounce == 0 ? 0.5f : Math.Clamp(fresnel, 0.15f, 0.9f);
            if (bounce == 0)
            {
                var clear = scene.Air(Vector3.One, from, direction, distance) - scene.Air(Vector3.Zero, from, direction, distance);
                seen = new(scene.Air(local, from, direction, distance), skylight, default, body * clear, normal, distance);
                carried = clear;
            }
            else Add(local + body * skylight);
            if (bounce == bounces) break;

            if (dice.Next() < coat)
            {
                carried *= fresnel / coat;
                sheen |= bounce == 0 && surface.Roughness > 0.3f;
                direction = dice.Cone(Vector3.Reflect(direction, surface.Normal), surface.Roughness * surface.Roughness * 1.6f);
                seesLamps = !soft; // a lamp seen by way of a wall and then a mirror is too rare a path to be anything but noise
            }
            else
            {
                if (bounce == 0) (soft, carried) = (true, Vector3.One / (1 - coat)); // the first surface's color waits in Tint
                else carried *= body / (1 - coat);
                direction = dice.Cosine(surface.Normal);
                seesLamps = false;
            }
            if (Vector3.Dot(direction, normal) <= 0) break;
            from = above;
        }
        return seen;

        Seen Add(Vector3 light) => seen = soft
            ? seen with { Soft = seen.Soft + carried * light }
            : sheen ? seen with { Sheen = seen.Sheen + carried * light }
            : seen with { Sharp = seen.Sharp + carried * light };
    }

    private Vector3 Sunlight(Vector3 p, Vector3 normal, ref Dice dice)
    {
        var sun = dice.Cone(scene.SunDirection, scene.SunRadius);
        var slant = Vector3.Dot(sun, normal);
        return slant > 0 && scene.SunAt(p) is var strength && strength != Vector3.Zero && Reaches(p, sun, scene.Reach)
            ? strength * slant
            : Vector3.Zero;
    }

    private Vector3 Windowlight(Vector3 p, Vector3 normal, ref Dice dice)
    {
        if (scene.Light is not { } window) return Vector3.Zero;
        var spot = window.Corner + window.Across * dice.Next() + window.Up * dice.Next();
        var way = spot - p;
        var length = way.Length();
        way /= length;
        var area = Vector3.Cross(window.Across, window.Up);
        float here = Vector3.Dot(way, normal), there = -Vector3.Dot(way, area);
        return here > 0 && there > 0 && Reaches(p, way, length - 0.05f)
            ? window.Light * (here * there / (length * length * MathF.PI))
            : Vector3.Zero;
    }

    // The sun is too small for a random reflection to find, so its glint is a lobe of the coat's width.
    private Vector3 SunGlint(Vector3 p, in Surface surface, Vector3 direction, ref Dice dice)
    {
        var mirror = Vector3.Dot(Vector3.Reflect(direction, surface.Normal), scene.SunDirection);
        if (mirror <= 0) return Vector3.Zero;
        var rough = MathF.Max(surface.Roughness * surface.Roughness, 0.004f);
        var power = 1 / rough;
        var lobe = MathF.Pow(mirror, power) * (power + 1) / MathF.Tau;
        if (lobe < 0.01f || scene.SunAt(p) is var strength && strength == Vector3.Zero) return Vector3.Zero;
        return Reaches(p, dice.Cone(scene.SunDirection, scene.SunRadius), scene.Reach) ? strength * lobe : Vector3.Zero;
    }

    private static bool HitsWindow(in Window window, Vector3 from, Vector3 direction, float distance)
    {
        var normal = Vector3.Cross(window.Across, window.Up);
        var down = Vector3.Dot(direction, normal);
        if (down >= 0) return false;
        var t = Vector3.Dot(window.Corner - from, normal) / down;
        if (t <= 0 || t > distance) return false;
        var at = from + direction * t - window.Corner;
        float u = Vector3.Dot(at, window.Across) / window.Across.LengthSquared(), v = Vector3.Dot(at, window.Up) / window.Up.LengthSquared();
        return u is >= 0 and <= 1 && v is >= 0 and <= 1;
    }

    private bool Reaches(Vector3 from, Vector3 direction, float length)
    {
        var t = 0.01f;
        for (var step = 0; step < 120; step++)
        {
            if (t >= length) return true;
            var d = scene.Nearest(from + direction * t).Distance;
            if (d < 0.0006f) return false;
            t += MathF.Max(d, 0.004f + 0.004f * t);
        }
        return false;
    }

    private float March(Vector3 from, Vector3 direction, float reach, out int part)
    {
        var t = 0f;
        for (var step = 0; step < 200 && t < reach; step++)
        {
            var near = scene.Nearest(from + direction * t);
            if (near.Distance < 0.0004f + 0.0003f * t)
            {
                part = near.Part;
                return t;
            }
            t += near.Distance;
        }
        part = -1;
        return reach;
    }

    // Four samples at a tetrahedron's corners give the gradient with none wasted.
    private Vector3 NormalAt(Vector3 p, float distance)
    {
        var e = 0.001f + 0.0004f * distance;
        Vector3 a = new(1, -1, -1), b = new(-1, -1, 1), c = new(-1, 1, -1), d = new(1, 1, 1);
        return Vector3.Normalize(
            a * scene.Nearest(p + a * e).Distance + b * scene.Nearest(p + b * e).Distance
            + c * scene.Nearest(p + c * e).Distance + d * scene.Nearest(p + d * e).Distance);
    }
}

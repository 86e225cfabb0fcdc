using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;
using static ImageGen.Painters.Solids;

namespace ImageGen.Painters;

/// <summary>An old town's street in the afternoon: cobbles, plaster and tiles, one side in the sun. One unit is a meter.</summary>
internal sealed class Street : Scene
{
    private const int Ground = 0, Tower = 20, Spire = 21, Iron = 22, Lantern = 23, Flags = 24, Pot = 25, Bush = 26, Awning = 27, HouseParts = 100;

    private static readonly TownHouse[] Houses =
    [
        new(-1, 3, 6.4f, 8.2f, 3, 0, false, 0xD9A05B, 0x2F5D62),
        new(-1, -3.4f, 4.6f, 6.2f, 2, 0.12f, true, 0xC4C8B4, 0x6E2B22, Timbered: true, Ivy: -1.9f),
        new(-1, -8f, 5.6f, 8.8f, 3, -0.05f, false, 0xBE6A4C, 0x39513A, Ivy: 2.3f),
        new(-1, -13.6f, 4.2f, 6.9f, 2, 0.1f, true, 0xE6D3A8, 0x27476B),
        new(-1, -17.8f, 6.2f, 8.4f, 3, 0, false, 0x9FB3B8, 0x6B3A2A),
        new(-1, -24f, 7f, 7.2f, 3, 0.2f, true, 0xDDB98A, 0x3B5040),
        new(1, 4, 5.2f, 6.6f, 2, 0.05f, false, 0xB9C4A4, 0x7A3128),
        new(1, -1.2f, 5.6f, 8.4f, 3, 0, false, 0xD9A54E, 0x2B5A73, Ivy: -1.0f),
        new(1, -6.8f, 4.7f, 6.6f, 2, 0.15f, true, 0xEDE3CB, 0x5A2E20, Timbered: true),
        new(1, -11.5f, 5.4f, 8.9f, 3, -0.06f, false, 0xD47F62, 0x33583F),
        new(1, -16.9f, 4.4f, 7.1f, 3, 0.1f, true, 0x8FA9BF, 0xE6DFCC),
        new(1, -21.3f, 6.8f, 8.0f, 3, 0, false, 0xE9D9A6, 0x7A3B2B),
        new(1, -28.1f, 7f, 6.8f, 2, 0.3f, true, 0xC98A5E, 0x2F4F4F),
    ];

    private static readonly (float Side, float Z, float Y)[] Lamps = [(-1, -3.2f, 3.3f), (1, -6.6f, 3.4f), (-1, -13.3f, 3.4f), (1, -16.6f, 3.4f)];
    private static readonly (float Z, float Height, float Slant)[] Strings = [(-5.2f, 6.0f, 0.12f), (-10.2f, 6.3f, -0.15f), (-15.5f, 6.2f, 0.1f)];
    private static readonly (float X, float Z, float Size)[] Pots =
        [(-2.95f, -2.4f, 0.34f), (3.05f, -1.0f, 0.3f), (3.0f, -7.1f, 0.34f), (-3.0f, -8.3f, 0.3f), (3.0f, -11.2f, 0.32f)];

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var tracer = new PathTracer(new Street(), bounces: 2);
        var camera = new Camera(new(-0.75f, 1.75f, 1.2f), new(0.2f, 3.55f, -11), 1.62f);
        Seen See(float x, float y, ref Dice dice)
        {
            var (from, direction) = camera.Ray(x, y, ref dice);
            return tracer.Trace(from, direction, ref dice);
        }
        return Film.Expose(width, height, samples, seed, See, cancel)
            .Develop(new() { Exposure = 0.86f, Glow = 0.09f, Vignette = 0.4f, Saturation = 1.03f });
    }

    public override Vector3 SunDirection { get; } = Vector3.Normalize(new(-0.43f, 0.74f, -0.33f));
    public override float Reach => 90;
    public override Vector3 SunAt(Vector3 p) => new(12f, 8.6f, 5.0f);

    public override Vector3 Sky(Vector3 direction)
    {
        var up = MathF.Max(direction.Y, 0);
        var sky = Vector3.Lerp(new(1.0f, 1.02f, 1.05f), new(0.16f, 0.36f, 0.85f), 1 - MathF.Exp(-up * 3.2f));
        var near = MathF.Max(0, Vector3.Dot(direction, SunDirection));
        sky += new Vector3(1.2f, 0.8f, 0.4f) * MathF.Pow(near, 8);
        if (up < 0.03f) return sky;
        float x = direction.X / (up + 0.15f) * 1.3f, z = direction.Z / (up + 0.15f) * 1.3f;
        float Density(float a, float b) => Noise.Cloudy(a + 3.3f, b + 0.6f, 6, 501);
        float cloud = Density(x, z), lit = cloud - Density(x + 0.12f * SunDirection.X, z + 0.12f * SunDirection.Z);
        var white = Vector3.Lerp(new(0.75f, 0.78f, 0.88f), new(1.9f, 1.75f, 1.5f), Math.Clamp(0.5f + 2.2f * lit, 0, 1));
        return Vector3.Lerp(sky, white, 0.9f * Noise.Step(0, 0.3f, cloud));
    }

    public override Vector3 Air(Vector3 light, Vector3 from, Vector3 direction, float distance)
    {
        var veil = 1 - MathF.Exp(-MathF.Max(0, distance - 4) / 190);
        return Vector3.Lerp(light, new Vector3(1.15f, 0.98f, 0.78f), veil);
    }

    // The street bends a little to the left, so that its end does not vanish in a point.
    private static Vector3 Bend(Vector3 p) => p with { X = p.X + 0.0028f * p.Z * p.Z };

    public override Near Nearest(Vector3 world)
    {
        var p = Bend(world);
        var best = new Near(GroundDistance(p), Ground);
        for (var i = 0; i < Houses.Length; i++)
        {
            if (Houses[i].Apart(p) >= best.Distance) continue;
            var house = Houses[i].Nearest(p, best.Distance);
            if (house.Distance < best.Distance) best = new(house.Distance, HouseParts + i * 16 + house.Part);
        }
        best |= TowerDistance(p);
        best |= Furniture(p, best.Distance);
        return best with { Distance = best.Distance * 0.93f };
    }

    private static float GroundDistance(Vector3 p)
    {
        // A gutter down the middle; raised flags along the houses.
        float side = MathF.Abs(p.X), walk = Noise.Step(2.62f, 2.66f, side);
        var height = 0.05f * MathF.Min(side, 2.6f) / 2.6f + 0.1f * walk;
        if (p.Y > height + 0.12f) return p.Y - height - 0.06f;
        return (p.Y - height - (walk > 0 ? 0.012f * Flag(p).Height : 0.04f * Cobble(p).Height)) * 0.75f;
    }

    // Rows of stones across the street, each row shifted, each stone its own size and a round back.
    private static (float Height, uint Id) Cobble(Vector3 p)
    {
        float z = p.Z * 6.2f + 0.25f * Noise.Plane(p.X * 1.2f, p.Z * 0.6f, 511) + 0.8f * MathF.Sin(p.X * 1.1f), row = MathF.Floor(z);
        float x = p.X * 5.4f + 0.5f * ((int)row & 1) + 0.3f * Noise.Value((int)row, 1, 512), column = MathF.Floor(x);
        var id = Noise.Hash((int)column, (int)row, 513);
        float dx = MathF.Abs(x - column - 0.5f) / (0.46f + 0.03f * (id & 1)), dz = MathF.Abs(z - row - 0.5f) / 0.45f;
        float d2 = dx * dx * dx * dx + dz * dz * dz * dz;
        return (MathF.Sqrt(MathF.Max(0, 1 - d2)) * (0.75f + 0.25f * (id >> 8 & 255) / 255f), id);
    }

    private static (float Height, uint Id) Flag(Vector3 p)
    {
        float z = p.Z * 1.15f + (p.X > 0 ? 0.4f : 0), row = MathF.Floor(z), inner = MathF.Abs(z - row - 0.5f);
        return (inner > 0.485f ? 0 : 1, Noise.Hash((int)row, p.X > 0 ? 1 : 0, 514));
    }

    private static Near TowerDistance(Vector3 p)
    {
        p -= new Vector3(0.6f, 0, -41);
        var hull = Box(p - new Vector3(0, 11, 0), new(3.4f, 11.5f, 3.4f));
        if (hull > 1) return new(hull, Tower);
        float body = Box(p - new Vector3(0, 6.6f, 0), new(2.3f, 6.6f, 2.3f)), belt = Box(p - new Vector3(0, 13.1f, 0), new(2.5f, 0.18f, 2.5f));
        belt = MathF.Min(belt, Box(p - new Vector3(0, 9.2f, 0), new(2.42f, 0.12f, 2.42f)));
        var q = new Vector2(MathF.Abs(p.X), p.Y - 11.2f);
        var opening = MathF.Max(MathF.Max(MathF.Abs(q.X - 0.75f) - 0.36f, MathF.Max(q.Y - 0.7f - 0.3f * (1 - Square((q.X - 0.75f) / 0.36f)), -q.Y - 1.1f)), MathF.Abs(p.Z - 2.3f) - 0.5f);
        body = MathF.Max(MathF.Min(body, belt), -opening);
        var arch = MathF.Max(MathF.Max(MathF.Abs(p.X) - 1.25f, p.Y - 2.4f - 1.0f * (1 - Square(p.X / 1.25f))), MathF.Abs(p.Z) - 3);
        body = MathF.Max(body, -arch);
        float radius = MathF.Max(MathF.Abs(p.X), MathF.Abs(p.Z)), rise = p.Y - 13.2f;
        var spire = MathF.Max((radius + rise * 0.36f - 2.65f) * 0.93f, -rise);
        return new Near(body, Tower) | new Near(spire, Spire);
    }

    private static Near Furniture(Vector3 p, float best)
    {
        var near = new Near(9e9f, 0);
        foreach (var (side, z, y) in Lamps)
        {
            if (MathF.Abs(p.Z - z) - 1 >= best) continue;
            var q = p - new Vector3(side * 2.85f, y, z);
            var hull = q.Length() - 1;
            if (hull > 0.3f) { if (hull < best) near |= new Near(hull, Iron); continue; }
            near |= new Near(Capsule(q, new(side * 0.75f, 0.32f, 0), new(0, 0.32f, 0), 0.018f), Iron);
            near |= new Near(Capsule(q, new(side * 0.75f, -0.15f, 0), new(side * 0.15f, 0.3f, 0), 0.014f), Iron);
            var taper = 0.12f + 0.22f * (q.Y + 0.2f) * 0.4f;
            var glass = MathF.Max(MathF.Max(MathF.Abs(q.X), MathF.Abs(q.Z)) - taper, MathF.Abs(q.Y) - 0.2f);
            near |= new Near(glass * 0.9f, Lantern);
            var frame = MathF.Max(MathF.Abs(MathF.Max(MathF.Abs(q.X), MathF.Abs(q.Z)) - taper) - 0.018f, -MathF.Min(MathF.Abs(q.X), MathF.Abs(q.Z)) + taper - 0.04f);
            near |= new Near(MathF.Max(frame, MathF.Abs(q.Y) - 0.21f), Iron);
            near |= new Near(MathF.Max((q with { Y = 0 }).Length() + (q.Y - 0.42f) * 0.9f, 0.19f - q.Y) * 0.7f, Iron);
        }
        foreach (var (x, z, size) in Pots)
        {
            if (MathF.Abs(p.Z - z) - 1.2f >= best) continue;
            var q = p - new Vector3(x, 0.15f, z);
            var hull = (q - new Vector3(0, 0.6f, 0)).Length() - 1.15f;
            if (hull > 0.3f) { if (hull < best) near |= new Near(hull, Pot); continue; }
            var r = MathF.Sqrt(q.X * q.X + q.Z * q.Z);
            near |= new Near(MathF.Max(r - size * (0.62f + 0.5f * q.Y), MathF.Abs(q.Y - 0.22f) - 0.24f) * 0.85f - 0.01f, Pot);
            var leaves = Ellipsoid(q - new Vector3(0, 0.85f, 0), new(size * 1.15f, 0.48f, size * 1.15f));
            if (leaves < 0.3f) leaves -= 0.12f * Noise.Space(q * 7 + new Vector3(z), 521) + 0.06f * Noise.Space(q * 18, 522);
            near |= new Near(leaves * 0.55f, Bush);
        }
        near |= Bunting(p, best);
        return near;
    }

    // Flags on strings from house to house; each string hangs in a parabola.
    private static Near Bunting(Vector3 p, float best)
    {
        var near = new Near(9e9f, 0);
        foreach (var (z, height, slant) in Strings)
        {
            var away = p.Z - z - slant * p.X;
            if (MathF.Abs(away) - 0.1f >= best) continue;
            float sag = height - 0.75f * (1 - Square(p.X / 3.6f)), drop = sag - p.Y;
            var hull = Box(new Vector3(0, drop - 0.2f, away), new(3.6f, 0.24f, 0.05f));
            if (hull > 0.15f) { if (hull < best) near |= new Near(hull, Flags); continue; }
            var x = p.X / 0.4f - MathF.Floor(p.X / 0.4f) - 0.5f;
            var flutter = away - 0.05f * MathF.Max(drop, 0) * MathF.Sin(MathF.Floor(p.X / 0.4f) * 2.4f + p.X * 5) * 2;
            var cloth = MathF.Max(MathF.Max(MathF.Abs(x) * 0.4f * 0.93f + drop * 0.37f - 0.145f, -drop), MathF.Abs(flutter) - 0.008f);
            near |= new Near(MathF.Min(cloth * 0.8f, new Vector2(drop, away).Length() - 0.012f), Flags);
        }
        return near;
    }

    public override Surface At(int part, Vector3 world, Vector3 normal, float distance)
    {
        var p = Bend(world);
        if (part >= HouseParts) return Houses[(part - HouseParts) / 16].Look((part - HouseParts) % 16, p, normal);
        switch (part)
        {
            case Ground when MathF.Abs(p.X) > 2.63f:
                var flag = Flag(p);
                return new(Color(0x9B917F) * (flag.Height * 0.35f + 0.55f + 0.15f * (flag.Id & 255) / 255f + 0.3f * Noise.Cloudy(p.X * 4, p.Z * 4, 4, 531)), Noise.Bump(normal, p * 14, 0.08f, 532), 0.02f, 0.6f);
            case Ground:
                var (height, id) = Cobble(p);
                var stone = Vector3.Lerp(Color(0x6C6862), Color(0xA0917E), (id & 1023) / 1023f) * (0.8f + 0.35f * Noise.Cloudy(p.X * 9, p.Z * 9, 3, 533));
                if (id % 9 == 0) stone *= new Vector3(1.1f, 0.9f, 0.8f);
                stone = Vector3.Lerp(Color(0x3A352C), stone, Noise.Step(0.15f, 0.6f, height));
                var damp = Noise.Step(0.5f, 0.1f, MathF.Abs(p.X) + 0.4f * Noise.Plane(p.Z, p.X, 534));
                return new(stone * (1 - 0.4f * damp), Noise.Bump(normal, p * 24, 0.1f, 535), 0.035f + 0.02f * damp, 0.42f - 0.1f * damp);
            case Tower:
                var q = p - new Vector3(0.6f, 10.2f, -38.7f);
                float face = new Vector2(q.X, q.Y + 2.2f).Length();
                if (q.Z > -0.1f && face < 0.85f)
                {
                    var hand = MathF.Min(Box(q.X - 0.2f, q.Y + 2.05f, 0.24f, 0.04f), Box(q.X, q.Y + 1.9f, 0.035f, 0.34f));
                    return new(face > 0.75f || hand < 0 ? Color(0xC9A24A) : Color(0x23304A), normal, 0.03f, 0.4f);
                }
                var block = Noise.Value((int)MathF.Floor(p.X * 1.6f + p.Z * 1.6f + 0.5f * ((int)(p.Y * 2.2f) & 1)), (int)(p.Y * 2.2f), 536);
                return new(Color(0xC7A878) * (0.72f + 0.25f * block + 0.3f * Noise.Cloudy(p * 0.8f, 4, 537)), Noise.Bump(normal, p * 4, 0.1f, 538));
            case Spire:
                return new(Color(0x55756A) * (0.8f + 0.35f * Noise.Cloudy(p * new Vector3(3, 0.5f, 3), 4, 539)), normal, 0.04f, 0.4f);
            case Lantern:
                return new(new(0.5f, 0.42f, 0.3f), normal, 0.06f, 0.15f, new Vector3(1.4f, 0.75f, 0.25f));
            case Iron:
                return new(new(0.03f, 0.03f, 0.032f), normal, 0.05f, 0.35f);
            case Flags:
                var dye = ((int)MathF.Floor(p.X / 0.4f) + (int)(p.Z * 0.3f) + 40) % 4;
                return new(dye switch { 0 => Color(0xC8342C), 1 => Color(0xF0E4C8), 2 => Color(0x2D6A9F), _ => Color(0xE8B030) }, normal);
            case Pot:
                return new(Color(0xA85F3A) * (0.8f + 0.4f * Noise.Cloudy(p * 3, 3, 542)), Noise.Bump(normal, p * 14, 0.06f, 543));
            default:
                var leaf = Noise.Value((int)(p.X * 26), (int)(p.Y * 26), (int)(p.Z * 26));
                var bloom = Noise.Cells(p.X * 9 + p.Z * 9, p.Y * 9, 544);
                return new(bloom.First < 0.22f && bloom.Cell % 3 == 0 ? Color(0xE7DFD6) : Vector3.Lerp(Color(0x2E5426), Color(0x6E8F3A), leaf), Noise.Bump(normal, p * 22, 0.5f, 545));
        }
    }

    private static float Square(float x) => x * x;
}

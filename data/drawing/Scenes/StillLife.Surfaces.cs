using System.Numerics;
using static ImageGen.Painters.Film;

namespace ImageGen.Painters;

// What everything on the table is made of: wood, glaze, skins, linen.
internal sealed partial class StillLife
{
    public override Surface At(int part, Vector3 p, Vector3 normal, float distance) => part switch
    {
        Table => Wood(p, normal),
        Wall => new(Color(0x5E6B66) * (0.75f + 0.35f * Noise.Cloudy(p.X * 0.5f, p.Y * 0.5f, 4, 11) + 0.12f * Noise.Cloudy(p.X * 5, p.Y * 5, 3, 12)),
            Noise.Bump(normal, p * 6, 0.05f, 13)),
        Jug => Glaze(p - JugAt, normal),
        Bowl => new(Vector3.Lerp(Color(0xA8512C), Color(0x5C2414), Noise.Step(-0.2f, 0.6f, Noise.Cloudy(p * 3, 3, 21))) * (p.Y > 0.86f ? 1.7f : 1),
            Noise.Bump(normal, p * new Vector3(1, 14, 1), 0.03f, 22), 0.04f, 0.28f),
        Apple or Orange or Pear or Lemon or Half => Skin(Fruits.Where(f => f.Part == part).MinBy(f => (f.Center + new Vector3(0, part == Pear ? 0.6f : 0, 0) - p).LengthSquared())!, p, normal),
        Grape => GrapeSkin(p, normal),
        Stem => new(Color(0x5B4526) * (0.7f + 0.5f * Noise.Value((int)(p.X * 80), (int)(p.Y * 80))), normal),
        _ => Linen(p, normal),
    };

    private static Surface Wood(Vector3 p, Vector3 normal)
    {
        float board = MathF.Floor((p.Z + 20.6f) / 1.75f), along = p.X + 7 * Noise.Value((int)board, 3), across = p.Z;
        var warp = Noise.Cloudy(along * 0.35f, across * 0.9f, 3, 31 + (int)board);
        var rings = MathF.Sin((across * 5 + warp * 7) * 3.2f) * 0.5f + 0.5f;
        var fiber = Noise.Cloudy(along * 1.6f, across * 34, 4, 33);
        var tone = Vector3.Lerp(Color(0x6E4526), Color(0xA8743F), 0.55f * rings + 0.5f * fiber + 0.35f * Noise.Value((int)board, 9));
        var seam = MathF.Abs((p.Z + 20.6f) / 1.75f - board - 0.5f);
        var gap = Noise.Step(0.491f, 0.497f, seam);
        tone *= (1 - 0.85f * gap) * (0.85f + 0.5f * Noise.Cloudy(p.X * 0.8f, p.Z * 0.8f, 3, 34));
        return new(Vector3.Max(tone, Vector3.Zero), Noise.Bump(normal, new Vector3(p.X * 1.5f, 0, p.Z * 26), 0.045f, 35), 0.035f, 0.36f + 0.1f * rings);
    }

    private static Surface Glaze(Vector3 p, Vector3 normal)
    {
        // Dipped in teal over cream, the edge run down in drops; a dark rim where the glaze is thin.
        float angle = MathF.Atan2(p.Z, p.X), run = 1.02f + 0.22f * Noise.Plane(angle * 2.2f, 0.4f, 51) + 0.1f * Noise.Plane(angle * 5.5f, 2, 52);
        var dipped = Noise.Step(run, run + 0.03f, p.Y);
        var pool = Noise.Step(0.35f, 0, MathF.Abs(p.Y - run - 0.05f));
        var cream = Color(0xCDB894) * (0.9f + 0.25f * Noise.Cloudy(p * 4, 3, 53));
        cream = Vector3.Lerp(cream, Color(0x6B4A2A), Noise.Cells(angle * 6, p.Y * 6, 54).First < 0.16f ? 0.5f : 0);
        var teal = Vector3.Lerp(Color(0x2A585A), Color(0x0C2A3E), 0.6f * pool + 0.5f * Noise.Step(-0.3f, 0.5f, Noise.Cloudy(p * 2.2f, 3, 55)));
        var albedo = Vector3.Lerp(cream, teal, dipped);
        albedo = Vector3.Lerp(albedo, Color(0x7A4B28), Noise.Step(3.12f, 3.17f, p.Y) * 0.8f);
        return new(albedo, Noise.Bump(normal, p * new Vector3(0.6f, 9, 0.6f), 0.025f, 56), 0.05f, dipped > 0.5f ? 0.13f : 0.5f);
    }

    private static Surface Skin(Fruit fruit, Vector3 p, Vector3 normal)
    {
        p = fruit.Local(p);
        int seed = 60 + (int)(fruit.Turn * 10);
        float angle = MathF.Atan2(p.Z, p.X), around = MathF.Sqrt(p.X * p.X + p.Z * p.Z);
        var dots = Noise.Cells(angle * 4.5f, p.Y * 5.5f, seed + 5).First;
        switch (fruit.Part)
        {
            case Apple:
                // Red blushes over yellow-green in streaks from the stem; the dimple stays green.
                var streaks = Noise.Cloudy(MathF.Cos(angle) * 9, MathF.Sin(angle) * 9 + p.Y * 0.8f, 4, seed);
                var side = Noise.Cloudy(p * 0.8f, 3, seed + 1);
                var blush = Noise.Step(-0.3f, 0.25f, 1.1f * side + 0.4f * streaks + 0.3f);
                var red = Vector3.Lerp(Color(0xC23A22), Color(0x86141A), Noise.Step(-0.25f, 0.35f, 0.6f * streaks + side));
                var skin = Vector3.Lerp(Color(0xD2B845), red, blush);
                skin = Vector3.Lerp(skin, Color(0xA9A23A), 0.8f * Noise.Step(0.4f, 0.12f, around) * Noise.Step(0, 0.3f, p.Y));
                skin = Vector3.Lerp(skin, Color(0xE2C58A), 0.55f * Noise.Step(0.09f, 0.05f, dots));
                return new(skin, Noise.Bump(normal, p * 9, 0.012f, seed), 0.045f, 0.2f);
            case Orange:
                var pores = Noise.Cells(angle * 13 * around, p.Y * 13, seed).First;
                var zest = Vector3.Lerp(Color(0xE07A12), Color(0xC9560A), Noise.Step(-0.3f, 0.4f, Noise.Cloudy(p * 1.5f, 3, seed))) * (0.86f + 0.2f * Noise.Step(0.1f, 0.4f, pores));
                zest = Vector3.Lerp(zest, Color(0x6E6A2A), Noise.Step(0.2f, 0.08f, around) * Noise.Step(0, 0.5f, p.Y));
                return new(zest, Noise.Bump(normal, p * 16, 0.09f, seed), 0.04f, 0.32f);
            case Pear:
                var warm = Noise.Step(-0.2f, 0.6f, Noise.Cloudy(p * 0.8f + new Vector3(0.6f, 0, 0.4f), 3, seed) + 0.25f * MathF.Sin(angle));
                var pear = Vector3.Lerp(Color(0x9BA637), Color(0xC08A34), warm);
                pear = Vector3.Lerp(pear, Color(0x6E5A22), 0.65f * Noise.Step(0.14f, 0.06f, dots) + 0.6f * Noise.Step(0.3f, 0.7f, Noise.Cloudy(p * 3, 4, seed + 2)) * Noise.Step(1.6f, 2.4f, p.Y));
                return new(pear, Noise.Bump(normal, p * 10, 0.02f, seed), 0.038f, 0.33f);
            case Half when p.X > -0.16f:
                return CutFace(p, normal);
            default:
                var rind = Vector3.Lerp(Color(0xE3BE1E), Color(0xC9A512), Noise.Step(-0.3f, 0.5f, Noise.Cloudy(p * 2, 3, seed)));
                return new(Vector3.Lerp(rind, Color(0x9BA12E), Noise.Step(1.05f, 1.35f, MathF.Abs(p.X)) * 0.7f), Noise.Bump(normal, p * 13, 0.075f, seed), 0.04f, 0.3f);
        }
    }

    private static Surface CutFace(Vector3 p, Vector3 normal)
    {
        float r = MathF.Sqrt(p.Y * p.Y + p.Z * p.Z), angle = MathF.Atan2(p.Y, p.Z) / MathF.Tau * 9 + 20;
        var side = MathF.Abs(angle % 1 - 0.5f);
        var flesh = Noise.Step(0.8f, 0.76f, r) * Noise.Step(0.1f, 0.15f, r) * Noise.Step(0.5f, 0.5f - 0.045f / MathF.Max(r, 0.1f), side);
        var pulp = Vector3.Lerp(Color(0xE8C440), Color(0xD6A51C), Noise.Step(-0.2f, 0.4f, Noise.Cloudy(angle * 5, r * 3, 3, 71)));
        var albedo = Vector3.Lerp(r > 0.92f ? Color(0xDDB51E) : Color(0xEFE3B8), pulp, flesh);
        return new(albedo, Noise.Bump(normal, p * 12, 0.08f * flesh, 72), 0.04f, flesh > 0.5f ? 0.16f : 0.5f);
    }

    private Surface GrapeSkin(Vector3 p, Vector3 normal)
    {
        var center = grapes.MinBy(c => (c - p).LengthSquared());
        var which = Noise.Value((int)(center.X * 1000), (int)(center.Z * 1000), 81);
        var albedo = Vector3.Lerp(Color(0x4A1F4E), Color(0x2A1538), which);
        albedo = Vector3.Lerp(albedo, Color(0x7B2340), 0.5f * Noise.Value((int)(center.Y * 1000), 5, 82));
        // Bloom: a pale dust, rubbed off here and there.
        var bloom = Noise.Step(-0.15f, 0.35f, Noise.Cloudy(p * 5, 3, 83));
        return new(Vector3.Lerp(albedo, Color(0x8C8FB0), 0.32f * bloom), normal, 0.045f, 0.16f + 0.22f * bloom);
    }

    private static Surface Linen(Vector3 p, Vector3 normal)
    {
        var local = Solids.Turn(p.X - 1.75f, p.Z - 0.85f, 0.33f);
        var hem = MathF.Min(2.51f - MathF.Abs(local.X), 1.81f - MathF.Abs(local.Y));
        var weave = 0.5f + 0.25f * MathF.Sin(local.X * 160) + 0.25f * MathF.Sin(local.Y * 160);
        var albedo = Color(0xD9D3C4) * (0.9f + 0.08f * weave + 0.08f * Noise.Cloudy(local.X * 3, local.Y * 3, 3, 91));
        if (hem is > 0.2f and < 0.3f or > 0.36f and < 0.4f) albedo = Color(0x3E5E8C) * (0.85f + 0.2f * weave);
        return new(albedo, Noise.Bump(normal, p * 22, 0.06f, 92));
    }
}

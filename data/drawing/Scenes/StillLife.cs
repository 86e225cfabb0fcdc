using System.Numerics;
using ImageGen.Imaging;
using static ImageGen.Painters.Film;
using static ImageGen.Painters.Solids;

namespace ImageGen.Painters;

/// <summary>Fruit, a bowl and a jug on a wooden table, in the morning light of a window to the left. One unit is 10 cm.</summary>
internal sealed partial class StillLife : Scene
{
    private const int Table = 0, Wall = 1, Jug = 2, Bowl = 3, Apple = 4, Orange = 5, Pear = 6, Lemon = 7, Grape = 8, Stem = 9, Cloth = 10, Half = 11;

    private sealed record Fruit(int Part, Vector3 Center, float Size, float Lean = 0, float Turn = 0)
    {
        /// <summary>From the room to the fruit: upright, of size 1, around the origin.</summary>
        public Vector3 Local(Vector3 p)
        {
            p -= Center;
            Vector2 turned = Solids.Turn(p.X, p.Z, Turn), tilted = Solids.Turn(turned.X, p.Y, Lean);
            return new Vector3(tilted.X, tilted.Y, turned.Y) / Size;
        }
    }

    private static readonly Vector3 JugAt = new(-1.75f, 0, -0.75f), BowlAt = new(0.95f, 0.05f, -0.35f);
    private static readonly Fruit[] Fruits =
    [
        new(Apple, new(0.42f, 1.1f, 0.05f), 0.6f, 0.35f, 0.4f),
        new(Orange, new(1.62f, 1.1f, 0.12f), 0.6f, 0.5f),
        new(Apple, new(1.05f, 1.12f, -1.0f), 0.6f, -0.4f, 2.6f),
        new(Pear, new(1.0f, 1.38f, -0.25f), 0.6f, -0.55f, 1.3f),
        new(Orange, new(-0.02f, 1.05f, -0.85f), 0.58f, 0.2f),
        new(Apple, new(-0.85f, 0.56f, 1.25f), 0.6f, -0.18f, 4.1f),
        new(Pear, new(-2.55f, 0, 0.85f), 0.6f, 0.12f, 0.2f),
        new(Lemon, new(0.62f, 0.42f, 1.95f), 0.42f, 0, 0.9f),
        new(Half, new(-1.72f, 0.41f, 1.75f), 0.44f, 0.12f, -1.05f),
    ];

    private readonly Vector3[] grapes = Cluster(new(2.55f, 0.05f, 0.95f), 34, 0.2f);
    private readonly Vector3[] handle = Curve(new(0.5f, 2.86f, 0), new(1.5f, 3.05f, 0), new(1.5f, 1.75f, 0), new(0.93f, 1.3f, 0), 8);

    public static Picture Draw(int width, int height, int samples, int seed, CancellationToken cancel)
    {
        var tracer = new PathTracer(new StillLife(), bounces: 3);
        var camera = new Camera(new(-0.1f, 3.15f, 9.6f), new(0.05f, 1.2f, 0.2f), 4.15f, Lens: 0.05f);
        Seen See(float x, float y, ref Dice dice)
        {
            var (from, direction) = camera.Ray(x, y, ref dice);
            return tracer.Trace(from, direction, ref dice);
        }
        return Film.Expose(width, height, samples, seed, See, cancel)
            .Develop(new() { Exposure = 1.25f, Glow = 0.1f, Vignette = 0.45f, Saturation = 1.08f });
    }

    public override Vector3 SunDirection { get; } = Vector3.Normalize(new(-1, 0.62f, 0.4f));
    public override float SunRadius => 0.014f;
    public override float Reach => 22;
    public override Window? Light { get; } = new Window(new(-8, 1.2f, 5.5f), new(0, 0, -7), new(0, 6, 0), new(4.2f, 4.9f, 5.6f));

    // The rest of the room, unseen: dim and warm.
    public override Vector3 Sky(Vector3 direction) => new Vector3(0.34f, 0.29f, 0.25f) * (0.8f + 0.5f * direction.Y);

    // The sun comes through two by three panes in a wall that is not otherwise there.
    public override Vector3 SunAt(Vector3 p)
    {
        var q = p + SunDirection * ((-9 - p.X) / SunDirection.X);
        float z = (q.Z + 1.5f) / 5.4f, y = (q.Y - 3.2f) / 7f;
        if (z is < 0 or > 1 || y is < 0 or > 1) return Vector3.Zero;
        float pane = MathF.Abs(z * 2 % 1 - 0.5f), row = MathF.Abs(y * 3 % 1 - 0.5f);
        return pane > 0.46f || row > 0.465f ? Vector3.Zero : new Vector3(15, 11.6f, 7.9f);
    }

    public override Near Nearest(Vector3 p)
    {
        var best = new Near(p.Y, Table) | new Near(p.Z + 4.2f, Wall);
        if (Far(p, JugAt + new Vector3(0, 1.6f, 0), 2.15f, ref best) is false) best |= new Near(JugDistance(p - JugAt), Jug);
        if (Far(p, BowlAt + new Vector3(0, 0.5f, 0), 1.85f, ref best) is false) best |= new Near(BowlDistance(p - BowlAt), Bowl);
        foreach (var fruit in Fruits)
            if (Far(p, fruit.Part == Pear ? fruit.Center + new Vector3(0, 0.8f, 0) : fruit.Center, fruit.Part == Pear ? 1.25f : fruit.Size * 1.7f, ref best) is false)
                best |= FruitDistance(fruit, p);
        if (Far(p, new(2.55f, 0.4f, 0.95f), 1.5f, ref best) is false)
        {
            var nearest = best.Distance;
            foreach (var center in grapes) nearest = MathF.Min(nearest, (p - center).Length() - 0.205f);
            if (nearest < best.Distance) best = new Near(nearest, Grape);
            best |= new Near(Capsule(p, new(1.9f, 0.35f, 0.5f), new(1.35f, 0.75f, 0.9f), 0.035f), Stem);
        }
        if (p.Y < 0.6f) best |= new Near(ClothDistance(p), Cloth);
        else if (best.Distance > p.Y - 0.5f) best = new Near(MathF.Max(p.Y - 0.5f, 0.05f), Cloth);
        return best;
    }

    // True when a ball around the object is too far to matter; a ball that is merely far gives a safe step instead.
    private static bool Far(Vector3 p, Vector3 center, float radius, ref Near best)
    {
        var d = (p - center).Length() - radius;
        if (d >= best.Distance) return true;
        if (d < 0.25f) return false;
        best = new Near(d, best.Part);
        return true;
    }

    private float JugDistance(Vector3 p)
    {
        var local = Solids.Turn(p.X, p.Z, 0.5f);
        p = new(local.X, p.Y, local.Y);
        var y = p.Y;
        // A lip drawn out on the side away from the handle.
        var spout = Noise.Step(2.5f, 3.2f, y) * MathF.Max(0, -p.X / (MathF.Sqrt(p.X * p.X + p.Z * p.Z) + 0.01f) - 0.55f) * 0.7f;
        var radius = 0.5f + 0.5f * MathF.Exp(-Square((y - 1.05f) / 0.75f)) + 0.16f * Noise.Step(2.5f, 3.3f, y) - 0.06f * (1 - Noise.Step(0, 0.16f, y)) + spout;
        var wall = MathF.Abs(MathF.Sqrt(p.X * p.X + p.Z * p.Z) - radius) * 0.72f - 0.045f;
        var body = -Melt(-wall, -(MathF.Abs(y - 1.6f) - 1.58f), 0.05f);
        var arm = 9f;
        for (var i = 1; i < handle.Length; i++) arm = MathF.Min(arm, Capsule(p with { Z = p.Z * 0.75f }, handle[i - 1], handle[i], 0.105f));
        if (MathF.Sqrt(p.X * p.X + p.Z * p.Z) < radius - 0.05f) arm = 9;
        return Melt(body, arm, 0.12f);
    }

    private static float BowlDistance(Vector3 p)
    {
        var q = new Vector2(MathF.Sqrt(p.X * p.X + p.Z * p.Z), p.Y);
        var shell = MathF.Abs((q - new Vector2(0, 1.72f)).Length() - 1.72f) - 0.05f;
        var cut = -Melt(-shell, -(q.Y - 0.88f), 0.06f);
        var foot = Box(q.X - 0.62f, q.Y, 0.07f, 0.13f) - 0.02f;
        return Melt(cut, foot, 0.12f);
    }

    private static Near FruitDistance(Fruit fruit, Vector3 p)
    {
        p = fruit.Local(p);
        var (distance, stem) = fruit.Part switch
        {
            Apple => (AppleDistance(p), Capsule(p, new(0, 0.45f, 0), new(0.12f, 0.98f, 0.03f), 0.035f)),
            Pear => (Melt((p - new Vector3(0, 0.93f, 0)).Length() - 0.92f, (p - new Vector3(0.06f, 2f, 0)).Length() - 0.48f, 0.95f),
                Capsule(p, new(0.08f, 2.4f, 0), new(0.3f, 2.9f, 0.06f), 0.05f)),
            Lemon => (LemonDistance(p), 9f),
            Half => (MathF.Max(LemonDistance(p), p.X * 0.98f + 0.12f), 9f),
            _ => (p.Length() - 1 + 0.04f * MathF.Exp(-14 * (p - Vector3.UnitY).LengthSquared()), 9f),
        };
        return new Near(distance * fruit.Size * 0.9f, fruit.Part) | new Near(stem * fruit.Size * 0.9f, Stem);
    }

    private static float AppleDistance(Vector3 p)
    {
        // Turned on a lathe from a circle that crosses the axis: a dimple above and below. Five lobes at the flower end.
        var lobes = 0.035f * Noise.Step(0.1f, -1, p.Y) * MathF.Cos(5 * MathF.Atan2(p.Z, p.X));
        var across = MathF.Sqrt(p.X * p.X + p.Z * p.Z) * (1.0f - 0.13f * p.Y);
        return ((new Vector2(across - 0.3f, p.Y * 0.93f)).Length() - 0.7f - lobes) * 0.85f;
    }

    private static float LemonDistance(Vector3 p) =>
        Melt(Ellipsoid(p, new(1.25f, 0.98f, 0.98f)), (Vector3.Abs(p) - new Vector3(1.28f, 0, 0)).Length() - 0.14f, 0.3f);

    private static float ClothDistance(Vector3 p)
    {
        var local = Solids.Turn(p.X - 1.75f, p.Z - 0.85f, 0.33f);
        var edge = Box(local.X, local.Y, 2.45f, 1.75f) - 0.06f;
        if (edge > 0.3f) return edge * 0.8f;
        // Long folds that fade toward the bowl's weight.
        var loose = Noise.Step(1.1f, 2.3f, new Vector2(p.X - BowlAt.X, p.Z - BowlAt.Z).Length()) * Noise.Step(0.5f, 1.2f, new Vector2(p.X - 2.5f, p.Z - 0.9f).Length() + 0.25f);
        var wave = local.X * 1.1f + local.Y * 0.5f + 0.9f * Noise.Plane(local.X * 0.55f, local.Y * 0.8f, 41);
        var fold = MathF.Pow(0.5f + 0.5f * MathF.Sin(wave * 3.1f), 2.5f) * (0.6f + 0.5f * Noise.Plane(local.X * 0.9f, local.Y * 0.6f, 42));
        var height = 0.035f + loose * (0.3f * MathF.Max(fold, 0) + 0.03f * Noise.Plane(local.X * 2.5f, local.Y * 2.5f, 43));
        return MathF.Max((MathF.Abs(p.Y - height) - 0.02f) * 0.62f, edge * 0.8f);
    }

    private static float Square(float x) => x * x;

    // Grapes dropped at random and pushed apart until they lie in a heap.
    private static Vector3[] Cluster(Vector3 center, int count, float radius)
    {
        var at = new Vector3[count];
        for (var i = 0; i < count; i++)
            at[i] = center + new Vector3(1.7f * (Noise.Value(i, 1, 7) - 0.5f), 0.2f + 0.8f * Noise.Value(i, 2, 7), 1.2f * (Noise.Value(i, 3, 7) - 0.5f));
        for (var round = 0; round < 240; round++)
            for (var i = 0; i < count; i++)
            {
                at[i] += (center - at[i]) * new Vector3(0.006f, 0.012f, 0.008f);
                for (var j = 0; j < count; j++)
                {
                    var gap = at[i] - at[j];
                    var push = 2 * radius * 0.98f - gap.Length();
                    if (i != j && push > 0) at[i] += Vector3.Normalize(gap) * (push * 0.5f);
                }
                at[i].Y = MathF.Max(at[i].Y, radius + 0.05f);
            }
        return at;
    }

    private static Vector3[] Curve(Vector3 a, Vector3 b, Vector3 c, Vector3 d, int parts) =>
        [.. Enumerable.Range(0, parts + 1).Select(i =>
        {
            float t = (float)i / parts, s = 1 - t;
            return a * (s * s * s) + b * (3 * s * s * t) + c * (3 * s * t * t) + d * (t * t * t);
        })];
}

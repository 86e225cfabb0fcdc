using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>The stem, the leaves along it, and the sepals behind the petals.</summary>
internal static class Greenery
{
    public static void Draw(Stage stage, FlowerAttributes flower, in Frame head, float radius, SplitMix64 random)
    {
        var material = Palette.Leaf(random);
        if (flower.Shape != PetalShape.Layered) Sepals(stage, head, radius, material, random);
        if (flower.Foliage == Foliage.None) return;

        var start = head.Root - head.Up * (radius * 0.06f);
        var end = new Vector3(head.Root.X * 0.5f + random.Around(0, 0.35f), -1.25f, -0.55f);
        var middle = start - head.Up * (0.35f * radius + 0.2f) + new Vector3(random.Around(0, 0.12f), -0.35f, 0);
        Stem(stage, start, middle, end, 0.026f + 0.022f * radius, material with { Veins = 0, VeinDepth = 0, Gloss = 0.1f });
        if (flower.Foliage == Foliage.Leaves) Leaves(stage, start, middle, end, radius, material, random);
    }

    private static Vector3 Along(Vector3 a, Vector3 b, Vector3 c, float t) => Vector3.Lerp(Vector3.Lerp(a, b, t), Vector3.Lerp(b, c, t), t);

    private static void Stem(Stage stage, Vector3 a, Vector3 b, Vector3 c, float thick, in Material material)
    {
        const int Links = 14, Around = 6;
        var part = stage.Add(material);
        Span<Corner> before = stackalloc Corner[Around + 1], now = stackalloc Corner[Around + 1];
        for (var i = 0; i <= Links; i++)
        {
            var t = (float)i / Links;
            var point = Along(a, b, c, t);
            var direction = Vector3.Normalize(Along(a, b, c, t + 0.02f) - point);
            var side = Vector3.Normalize(Vector3.Cross(direction, Vector3.UnitZ));
            var front = Vector3.Cross(side, direction);
            for (var j = 0; j <= Around; j++)
            {
                // Only the half that faces the viewer.
                var (sine, cosine) = MathF.SinCos(MathF.PI * j / Around);
                var normal = side * cosine + front * sine;
                if (normal.Z < -0.2f) normal = side * cosine - front * sine;
                now[j] = stage.Project(point + normal * (thick * (1 + 0.35f * t)), 0.3f + 0.4f * t, 0, normal);
            }
            for (var j = 0; j < Around && i > 0; j++)
            {
                stage.Film.Triangle(before[j], now[j], before[j + 1], part);
                stage.Film.Triangle(before[j + 1], now[j], now[j + 1], part);
            }
            now.CopyTo(before);
        }
    }

    private static void Leaves(Stage stage, Vector3 a, Vector3 b, Vector3 c, float radius, in Material material, SplitMix64 random)
    {
        var count = 2 + random.Next(2);
        var left = random.Chance(0.5f) ? 1 : -1;
        for (var i = 0; i < count; i++)
        {
            var t = 0.42f + 0.2f * i + random.Around(0, 0.07f);
            var side = i % 2 == 0 ? left : -left;
            var along = Vector3.Normalize(new Vector3(side, random.Between(-0.15f, 0.75f), random.Between(0.05f, 0.5f)));
            var up = Vector3.Normalize(Vector3.Cross(along, new Vector3(0, random.Around(0, 0.3f), 0) + Vector3.UnitZ)) * -side;
            up = Vector3.Normalize(up + Vector3.UnitZ * random.Between(0.5f, 1.4f));
            up = Vector3.Normalize(up - along * Vector3.Dot(up, along));
            var across = Vector3.Cross(up, along);
            var length = random.Between(0.62f, 0.9f);
            new Blade(Outline.Leaf, length, length * random.Between(0.2f, 0.3f))
            {
                Lift = random.Between(0.1f, 0.5f), Curl = random.Between(-1.3f, -0.5f), Cup = 0.35f, Sway = random.Around(0, 0.16f),
                Ruffle = 0.012f, Waves = 4, Phase = random.Between(0, 6),
            }.Draw(stage, new Frame(Along(a, b, c, t), along, across, up), stage.Add(Palette.Vary(material, random, 0.2f)), 12, 6);
        }
    }

    private static void Sepals(Stage stage, in Frame head, float radius, in Material material, SplitMix64 random)
    {
        var part = stage.Add(material);
        var spin = random.Between(0, MathF.Tau);
        for (var i = 0; i < 5; i++)
        {
            var (sine, cosine) = MathF.SinCos(spin + i * MathF.Tau / 5);
            var along = head.Along * cosine + head.Across * sine;
            var across = head.Across * cosine - head.Along * sine;
            new Blade(Outline.Leaf, radius * 0.42f, radius * 0.1f) { Lift = -0.15f, Curl = 0.3f, Cup = 0.3f }
                .Draw(stage, new Frame(head.Root - head.Up * (radius * 0.07f), along, across, head.Up), part, 6, 4);
        }
    }
}

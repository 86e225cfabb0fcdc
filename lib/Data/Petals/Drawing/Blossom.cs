using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>The flower's head: rings of petals, and the center.</summary>
internal static class Blossom
{
    private const float GoldenAngle = 2.3999632f;

    /// <param name="stage">Where it is drawn.</param>
    /// <param name="flower">What it must be.</param>
    /// <param name="head">Its middle, and its face: <see cref="Frame.Up"/> is the way it looks.</param>
    /// <param name="radius">From the middle to the petals' tips.</param>
    /// <param name="random">Everything else.</param>
    public static void Draw(Stage stage, FlowerAttributes flower, in Frame head, float radius, SplitMix64 random)
    {
        var rows = radius * stage.Film.Side > 44 ? 14 : 8;
        var common = Palette.Petal(flower, random);
        var rings = Rings(flower);
        var spin = random.Between(0, MathF.Tau);
        var bend = random.Around(0, 0.12f);
        var loose = flower.Shape is PetalShape.Long or PetalShape.Pointed ? 0.11f : 0.06f;
        for (var ring = 0; ring < rings.Length; ring++)
        {
            var inward = rings.Length == 1 ? 0 : (float)ring / (rings.Length - 1);
            var count = rings[ring];
            for (var i = 0; i < count; i++)
            {
                var angle = spin + (i + 0.5f * ring + random.Around(0, loose)) * MathF.Tau / count;
                var (sine, cosine) = MathF.SinCos(angle);
                var along = head.Along * cosine + head.Across * sine;
                var across = head.Across * cosine - head.Along * sine;
                var blade = Petal(flower.Shape, count, inward, radius, bend, random);
                var root = head.Root + head.Up * (radius * ((flower.Shape == PetalShape.Long ? 0.045f : 0.085f) * ring + random.Around(0, 0.012f)))
                    + along * (radius * (flower.Shape == PetalShape.Long ? 0.12f : 0.05f));
                var inner = common with { Root = common.Root * (1 - 0.12f * inward), Body = common.Body * (1 - 0.10f * inward) };
                var part = stage.Add(Palette.Vary(inner, random));
                blade.Draw(stage, new Frame(root, along, across, head.Up), part, rows, flower.Shape == PetalShape.Ruffled ? rows * 3 / 2 : rows - 2);
            }
        }
        Center(stage, flower, head, radius, random);
    }

    /// <summary>How many petals stand in each ring, from the outermost inward.</summary>
    private static int[] Rings(FlowerAttributes flower) => flower.Shape switch
    {
        PetalShape.Layered => flower.PetalCount switch
        {
            <= 18 => [7, 6, 5],
            <= 21 => [8, 7, 6],
            _ => [9, 8, 7],
        },
        PetalShape.Long when flower.PetalCount >= 16 => [flower.PetalCount / 2, flower.PetalCount / 2],
        _ => [flower.PetalCount],
    };

    private static Blade Petal(PetalShape shape, int count, float inward, float radius, float bend, SplitMix64 random)
    {
        var length = radius * random.Around(0.97f, 0.06f);
        // Where neighbors would just touch, a petal is this wide for its length.
        var touching = MathF.Tan(MathF.PI / count);
        return shape switch
        {
            PetalShape.Round => new Blade(Outline.Rounded, length, length * 0.68f * touching * random.Around(1.2f, 0.1f))
            {
                Lift = 0.42f + bend + random.Around(0, 0.08f), Curl = -0.62f + random.Around(0, 0.14f), Cup = 0.22f, Overlap = 0.16f,
                Sway = random.Around(0, 0.05f), Ruffle = 0.012f, Waves = 3, Phase = random.Between(0, 6),
            },
            PetalShape.Pointed => new Blade(Outline.Tapered, length * 1.06f, length * 0.5f * touching * random.Around(1.05f, 0.08f))
            {
                Lift = 0.40f + bend + random.Around(0, 0.08f), Curl = -0.72f + random.Around(0, 0.2f), Cup = 0.34f, Overlap = 0.1f,
                Sway = random.Around(0, 0.09f),
            },
            PetalShape.Ruffled => new Blade(Outline.Fan, length * 0.98f, length * 0.66f * touching * random.Around(1.16f, 0.08f))
            {
                Lift = 0.5f + bend + random.Around(0, 0.1f), Curl = -0.62f + random.Around(0, 0.15f), Cup = 0.12f, Overlap = 0.14f,
                Ruffle = random.Between(0.05f, 0.08f), Waves = random.Between(4.2f, 5.8f), Phase = random.Between(0, 6),
            },
            PetalShape.Long => new Blade(Outline.Strap, length * (0.88f - 0.05f * inward), length * random.Around(0.13f, 0.02f) * (count <= 8 ? 1.12f : 1))
            {
                Lift = 0.16f + bend + 0.1f * inward + random.Around(0, 0.09f), Curl = -0.34f + random.Around(0, 0.2f), Cup = 0.3f, Overlap = 0.1f,
                Sway = random.Around(0, 0.07f),
            },
            _ => new Blade(Outline.Spoon, length * (1 - 0.44f * inward), length * (0.7f - 0.27f * inward) * touching * random.Around(1.12f, 0.06f))
            {
                Lift = 0.25f + 0.5f * inward + bend + random.Around(0, 0.06f), Curl = -0.35f + 0.2f * inward + random.Around(0, 0.1f),
                Cup = 0.42f, Overlap = 0.12f, Sway = random.Around(0, 0.04f),
            },
        };
    }

    /// <summary>A dome of florets in Vogel's spiral; flowers with few petals carry a ring of stamens around it.</summary>
    private static void Center(Stage stage, FlowerAttributes flower, in Frame head, float radius, SplitMix64 random)
    {
        var stamens = flower.Shape is PetalShape.Round or PetalShape.Pointed or PetalShape.Ruffled && random.Chance(0.7f);
        var size = radius * (flower.Shape switch
        {
            PetalShape.Long => random.Between(0.25f, 0.31f),
            PetalShape.Layered => random.Between(0.23f, 0.28f),
            _ => random.Between(0.21f, 0.26f),
        });
        var (low, high) = Palette.Center(flower.Center);
        var part = stage.Add(new Material(low, Vector3.Lerp(low, high, 0.72f), high, 0, 0, 0.1f, 0, 0));
        var florets = (int)(flower.Shape == PetalShape.Long ? random.Between(70, 110) : random.Between(32, 52));
        var rise = size * random.Between(0.3f, 0.6f);
        var lifted = radius * (flower.Shape == PetalShape.Layered ? 0.2f : 0.07f);
        // A dark bed, so that nothing of the petals shows between the florets.
        stage.Ball(head.Point(0, 0, lifted - size * 0.72f), size * 0.98f, 0.05f, 0, part);
        for (var i = 0; i < florets; i++)
        {
            var distance = MathF.Sqrt((i + 0.5f) / florets);
            var (sine, cosine) = MathF.SinCos(i * GoldenAngle);
            var point = head.Point(cosine * distance * size, sine * distance * size, lifted + rise * (1 - distance * distance));
            stage.Ball(point, size * random.Around(0.98f, 0.2f) / MathF.Sqrt(florets), Math.Clamp(0.35f + 0.5f * distance + random.Around(0, 0.3f), 0, 1), 0, part);
        }
        if (stamens) Stamens(stage, head, radius, size, lifted, part, random);
    }

    private static void Stamens(Stage stage, in Frame head, float radius, float size, float lifted, int part, SplitMix64 random)
    {
        var count = 10 + random.Next(9);
        var reach = size * random.Between(1.35f, 1.75f);
        for (var i = 0; i < count; i++)
        {
            var (sine, cosine) = MathF.SinCos((i + random.Around(0, 0.3f)) * MathF.Tau / count);
            var length = reach * random.Around(1, 0.15f);
            var end = head.Point(cosine * length, sine * length, lifted + radius * random.Around(0.2f, 0.06f));
            var start = head.Point(cosine * size * 0.6f, sine * size * 0.6f, lifted);
            stage.Thread(start, end, radius * 0.009f, 0.4f, part);
            stage.Ball(end, radius * random.Around(0.036f, 0.006f), random.Between(0.6f, 1), 0, part);
        }
    }
}

using System.Numerics;
using ImageGen.Imaging;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>
/// Draws a tulip from the side: a cup of six petals that stand, on a straight stem between long leaves. Sheets, light and
/// backgrounds are those of <see cref="FlowerPainter"/>; the form is one that Petals has not.
/// </summary>
internal sealed class TulipPainter
{
    private const int Rows = 14, Columns = 12;

    [ThreadStatic] private static TulipPainter? current;

    private readonly int side;
    private readonly Stage stage;
    private readonly Shader shader;
    private readonly Surroundings surroundings;

    private TulipPainter(int side)
    {
        this.side = side;
        stage = new Stage(side, side <= 96 ? 3 : 2);
        shader = new Shader(stage);
        surroundings = new Surroundings(side);
    }

    /// <summary>The picture of a tulip; the same facts, key and side give the same picture.</summary>
    public static Picture Paint(TulipAttributes tulip, ulong key, int side)
    {
        if (current?.side != side) current = new TulipPainter(side);
        return new Picture(side, side, current.Paint(tulip, new SplitMix64(key)));
    }

    private byte[] Paint(TulipAttributes tulip, SplitMix64 random)
    {
        stage.Clear();
        var height = tulip.Size switch
        {
            FlowerSize.Small => random.Between(0.58f, 0.68f),
            FlowerSize.Medium => random.Between(0.76f, 0.9f),
            _ => random.Between(1f, 1.15f),
        };
        var up = Vector3.Normalize(new Vector3(random.Around(0, 0.22f), 1, random.Between(0.14f, 0.34f)));
        var along = Vector3.Normalize(Vector3.Cross(up, Vector3.UnitZ));
        var root = new Vector3(random.Around(0, 0.22f), random.Around(0.42f, 0.12f) - height * 0.62f, 0);
        var cup = new Frame(root, along, Vector3.Cross(up, along), up);
        Green(cup, height, random);
        Cup(tulip, cup, height, random);
        var average = surroundings.Paint(tulip.Backdrop, tulip.Light, random);
        return shader.Develop(surroundings.Pixels, Light.For(tulip.Light, average, random));
    }

    // Three petals inside, three outside in the gaps between them.
    private void Cup(TulipAttributes tulip, in Frame cup, float height, SplitMix64 random)
    {
        var common = Palette.Petal(new(tulip.Color, PetalShape.Round, 6, CenterColor.Yellow, tulip.Backdrop, tulip.Light, tulip.Size, FlowerPose.Up, Foliage.Leaves), random);
        var open = random.Between(0, 0.22f);
        // An outer petal stands in front, a little to one side.
        var spin = -MathF.PI / 2 + random.Around(0, 0.5f);
        for (var i = 0; i < 6; i++)
        {
            var inside = i < 3;
            var angle = spin + (i % 3 + (inside ? 0.5f : 0)) * MathF.Tau / 3 + random.Around(0, 0.08f);
            var (sine, cosine) = MathF.SinCos(angle);
            var along = cup.Along * cosine + cup.Across * sine;
            var across = cup.Across * cosine - cup.Along * sine;
            var length = height * random.Around(inside ? 1.06f : 1.02f, 0.04f);
            new Blade(Outline.Ovate, length, height * (inside ? 0.29f : 0.31f))
            {
                Lift = 0.78f - open + random.Around(0, 0.04f), Curl = 1.08f - 0.9f * open + random.Around(0, 0.07f), Cup = 0.62f, Overlap = 0.1f,
                Sway = random.Around(0, 0.04f), Ruffle = 0.008f, Waves = 3, Phase = random.Between(0, 6),
            }.Draw(stage, new Frame(cup.Root, along, across, cup.Up), stage.Add(Palette.Vary(common with { Fringe = 0.14f }, random)), Rows, Columns);
        }
    }

    private void Green(in Frame cup, float height, SplitMix64 random)
    {
        var material = Palette.Leaf(random);
        var ground = new Vector3(cup.Root.X * 0.6f + random.Around(0, 0.12f), -1.3f, -0.1f);
        var thick = 0.03f + 0.025f * height;
        var stem = stage.Add(material with { Veins = 0, VeinDepth = 0, Gloss = 0.12f });
        for (var i = 0; i <= 60; i++) stage.Ball(Vector3.Lerp(cup.Root, ground, i / 60f), thick, 0.3f, 0, stem);
        var count = 2 + random.Next(2);
        var first = random.Chance(0.5f) ? 1 : -1;
        for (var i = 0; i < count; i++)
        {
            var way = i % 2 == 0 ? first : -first;
            var along = Vector3.Normalize(new Vector3(way * random.Between(0.25f, 0.6f), 1, random.Between(-0.1f, 0.25f)));
            var across = Vector3.Normalize(Vector3.Cross(Vector3.UnitZ, along));
            var length = random.Between(0.9f, 1.3f);
            new Blade(Outline.Leaf, length, length * random.Between(0.11f, 0.15f))
            {
                Lift = random.Between(0.05f, 0.25f), Curl = random.Between(-0.9f, -0.1f), Cup = 0.5f, Sway = -way * random.Between(0, 0.14f), Ruffle = 0.01f, Waves = 3,
            }.Draw(stage, new Frame(ground + new Vector3(way * 0.05f, 0.1f, 0.02f * i), along, across, Vector3.Cross(along, across)),
                stage.Add(Palette.Vary(material with { Gloss = 0.2f }, random, 0.2f)), Rows, 6);
        }
    }
}

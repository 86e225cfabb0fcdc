using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>The colors of petals, centers and leaves, with what nature varies.</summary>
internal static class Palette
{
    /// <summary>Root, body and tip of a petal.</summary>
    private static readonly (Vector3 Root, Vector3 Body, Vector3 Tip)[] Petals =
    [
        Three(0xCBD2A4, 0xEEEBE4, 0xF6F5F2), // white
        Three(0xE89A0C, 0xFBCF1E, 0xFFE45A), // yellow
        Three(0xC2400A, 0xF57A12, 0xFF9A38), // orange
        Three(0x7A0410, 0xD4161C, 0xE83A30), // red
        Three(0x2A020B, 0x5E071C, 0x74122C), // burgundy
        Three(0xE0688E, 0xF79DB8, 0xFFC8D6), // pink
        Three(0x96085C, 0xDC1C86, 0xF04CA6), // magenta
        Three(0x3A0A6A, 0x6A22A8, 0x8440C2), // purple
        Three(0x8C6CC4, 0xB79CE4, 0xD6C6F6), // lavender
        Three(0x142A94, 0x2C58D4, 0x5C8CF0), // blue
    ];

    private static readonly (Vector3 Low, Vector3 High)[] Centers =
    [
        (LinearColor.Of(0xB87400), LinearColor.Of(0xFFD83A)), // yellow
        (LinearColor.Of(0xA63400), LinearColor.Of(0xFF8A14)), // orange
        (LinearColor.Of(0x2E1406), LinearColor.Of(0x7C4420)), // brown
        (LinearColor.Of(0x3A6410), LinearColor.Of(0x9CCB3A)), // green
        (LinearColor.Of(0xB0AC90), LinearColor.Of(0xFFFDF2)), // white
        (LinearColor.Of(0x0A070C), LinearColor.Of(0x2C2430)), // black
    ];

    public static (Vector3 Low, Vector3 High) Center(CenterColor color) => Centers[(int)color];

    /// <summary>What the petals of one flower have in common.</summary>
    public static Material Petal(FlowerAttributes flower, SplitMix64 random)
    {
        var (root, body, tip) = Petals[(int)flower.Color];
        var pale = random.Chance(0.25f) ? random.Between(0.35f, 0.75f) : 0;
        var paleTip = random.Between(0, 0.35f);
        // A dark petal mixed with white would look like dust, not like light.
        var brightness = MathF.Sqrt(0.299f * body.X + 0.587f * body.Y + 0.114f * body.Z);
        return new Material(
            Vector3.Lerp(root, Vector3.Lerp(body, Vector3.One, 0.6f), pale),
            body,
            Vector3.Lerp(tip, Vector3.Lerp(body, Vector3.One, 0.28f * brightness), paleTip),
            Veins: flower.Shape switch { PetalShape.Long => 4, PetalShape.Layered or PetalShape.Pointed => 8, _ => 13 },
            VeinDepth: flower.Shape == PetalShape.Ruffled ? random.Between(0.35f, 0.6f) : random.Between(0.2f, 0.45f),
            Gloss: random.Between(0.05f, 0.15f) * brightness,
            Glow: 0.5f,
            Fringe: random.Around(0.03f, 0.12f));
    }

    /// <summary>One petal of them: a little lighter or darker, fresher or paler.</summary>
    public static Material Vary(in Material petal, SplitMix64 random, float amount = 0.1f)
    {
        var light = random.Around(1, amount);
        var warmth = new Vector3(1 + random.Around(0, amount * 0.4f), 1, 1 + random.Around(0, amount * 0.4f)) * light;
        return petal with { Grain = random.NextUnit(), Root = petal.Root * warmth, Body = petal.Body * warmth, Tip = petal.Tip * warmth };
    }

    public static Material Leaf(SplitMix64 random)
    {
        var green = Vector3.Lerp(LinearColor.Of(0x2F6A24), LinearColor.Of(0x5E9432), random.NextUnit());
        green = Vector3.Lerp(green, LinearColor.Of(0x3A6E50), random.Between(0, 0.5f));
        return new Material(green * 0.8f, green, green * 1.25f, Veins: 9, VeinDepth: 0.5f, Gloss: 0.16f, Glow: 0.4f, Fringe: -0.1f);
    }

    private static (Vector3, Vector3, Vector3) Three(uint root, uint body, uint tip) =>
        (LinearColor.Of(root), LinearColor.Of(body), LinearColor.Of(tip));
}

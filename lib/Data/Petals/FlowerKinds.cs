using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>Which flowers there are, and which of them training may see.</summary>
internal static class FlowerKinds
{
    /// <summary>For each color, in the order of <see cref="PetalColor"/>, the shape that is held out. Each shape stands here twice.</summary>
    private static readonly PetalShape[] HeldOut =
    [
        PetalShape.Ruffled, PetalShape.Pointed, PetalShape.Round, PetalShape.Long, PetalShape.Layered,
        PetalShape.Pointed, PetalShape.Layered, PetalShape.Ruffled, PetalShape.Long, PetalShape.Round,
    ];

    public static bool IsHeldOut(PetalColor color, PetalShape shape) => HeldOut[(int)color] == shape;

    /// <summary>The numbers of petals that a shape comes with.</summary>
    public static ReadOnlySpan<int> PetalCounts(PetalShape shape) => shape switch
    {
        PetalShape.Round => [5, 6, 7, 8],
        PetalShape.Pointed => [5, 6, 7, 8],
        PetalShape.Ruffled => [4, 5, 6],
        PetalShape.Long => [10, 12, 16, 20],
        _ => [18, 21, 24],
    };

    /// <summary>A random flower that the split may hold.</summary>
    public static FlowerAttributes Draw(SplitMix64 random, Split split)
    {
        var color = (PetalColor)random.Next(10);
        var shape = HeldOut[(int)color];
        if (split != Split.HeldOut)
        {
            // One of the four others.
            var other = random.Next(4);
            shape = (PetalShape)(other < (int)shape ? other : other + 1);
        }
        var center = (CenterColor)random.Next(6);
        // A center of the petals' own color would be hard to see.
        while (center.ToString() == color.ToString()) center = (CenterColor)random.Next(6);
        return new FlowerAttributes(color, shape, random.Pick(PetalCounts(shape)), center,
            (Backdrop)random.Next(8), (FlowerLight)random.Next(4), (FlowerSize)random.Next(3), (FlowerPose)random.Next(5), (Foliage)random.Next(3));
    }

    /// <summary>
    /// The same flower with another color, shape, center or backdrop, of which the split may have some. The shape is the hardest
    /// to see: it changes as often as the three others together, and with it a number of petals that it does not come with.
    /// </summary>
    public static FlowerAttributes Change(FlowerAttributes flower, SplitMix64 random, Split split)
    {
        while (true)
        {
            var changed = random.Next(6) switch
            {
                0 => flower with { Color = (PetalColor)random.Next(10) },
                1 => flower with { Center = (CenterColor)random.Next(6) },
                2 => flower with { Backdrop = (Backdrop)random.Next(8) },
                _ => flower with { Shape = (PetalShape)random.Next(5) },
            };
            if (changed.Center.ToString() == changed.Color.ToString() || IsHeldOut(changed.Color, changed.Shape) != (split == Split.HeldOut) || changed == flower) continue;
            var counts = PetalCounts(changed.Shape);
            return counts.Contains(changed.PetalCount) ? changed : changed with { PetalCount = random.Pick(counts) };
        }
    }

    /// <summary>The same flower, when it can be drawn.</summary>
    /// <exception cref="CourseException">The shape does not come with that number of petals.</exception>
    public static FlowerAttributes Checked(FlowerAttributes flower) =>
        PetalCounts(flower.Shape).Contains(flower.PetalCount) ? flower : throw new CourseException(
            $"A flower with {flower.Shape} petals cannot have PetalCount {flower.PetalCount}: use one of {string.Join(", ", PetalCounts(flower.Shape).ToArray())}.");
}

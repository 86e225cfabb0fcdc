namespace ImageGen.Data;

/// <summary>Two ways to say the same: models are trained on one and tried on the other.</summary>
public enum Wording
{
    /// <summary>The words that training captions use.</summary>
    Usual,

    /// <summary>Other words, in other sentences, for the same things.</summary>
    Reworded,
}

/// <summary>What a caption states; null where it says nothing.</summary>
public sealed record FlowerFacts
{
    public PetalColor? Color { get; init; }
    public PetalShape? Shape { get; init; }

    /// <summary>The exact number of petals.</summary>
    public int? PetalCount { get; init; }

    /// <summary>True where the caption speaks of many petals: ten or more.</summary>
    public bool ManyPetals { get; init; }

    public CenterColor? Center { get; init; }
    public Backdrop? Backdrop { get; init; }
    public FlowerLight? Light { get; init; }
    public FlowerSize? Size { get; init; }
    public FlowerPose? Pose { get; init; }
    public Foliage? Foliage { get; init; }

    /// <summary>Whether all that is stated holds for <paramref name="flower"/>.</summary>
    public bool AreTrueOf(FlowerAttributes flower) =>
        Agrees(Color, flower.Color) && Agrees(Shape, flower.Shape) && Agrees(PetalCount, flower.PetalCount)
        && (!ManyPetals || flower.PetalCount >= 10) && Agrees(Center, flower.Center) && Agrees(Backdrop, flower.Backdrop)
        && Agrees(Light, flower.Light) && Agrees(Size, flower.Size) && Agrees(Pose, flower.Pose) && Agrees(Foliage, flower.Foliage);

    private static bool Agrees<T>(T? said, T actual) where T : struct => said is not { } value || value.Equals(actual);
}

/// <summary>A caption and what it states.</summary>
/// <param name="Text">One sentence in English, without a period.</param>
/// <param name="Says">What must be true of a flower for the caption to fit it.</param>
public sealed record FlowerCaption(string Text, FlowerFacts Says)
{
    /// <summary>Whether the caption fits the flower. A wrong caption, for a loss that needs one, is one that does not.</summary>
    public bool Fits(FlowerAttributes flower) => Says.AreTrueOf(flower);
}

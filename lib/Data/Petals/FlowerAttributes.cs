namespace ImageGen.Data;

/// <summary>The color of a flower's petals.</summary>
public enum PetalColor { White, Yellow, Orange, Red, Burgundy, Pink, Magenta, Purple, Lavender, Blue }

/// <summary>The form of a flower's petals.</summary>
public enum PetalShape
{
    /// <summary>Broad and rounded, as a buttercup's.</summary>
    Round,

    /// <summary>Coming to a point, as a star or a lily.</summary>
    Pointed,

    /// <summary>Broad, with a wavy edge, as a poppy's.</summary>
    Ruffled,

    /// <summary>Narrow rays, as a daisy's.</summary>
    Long,

    /// <summary>Ring within ring, as a dahlia or a camellia.</summary>
    Layered,
}

/// <summary>The color of a flower's center.</summary>
public enum CenterColor { Yellow, Orange, Brown, Green, White, Black }

/// <summary>What lies behind a flower, out of focus.</summary>
public enum Backdrop { Sky, Meadow, Soil, Night, Sand, Mist, Dusk, Water }

/// <summary>Where the light comes from.</summary>
public enum FlowerLight
{
    /// <summary>A bright overcast day: no side is darker.</summary>
    Soft,

    /// <summary>Sun from the left.</summary>
    Left,

    /// <summary>Sun from the right.</summary>
    Right,

    /// <summary>A low, warm sun from one side.</summary>
    Warm,
}

/// <summary>How much of the picture a flower fills.</summary>
public enum FlowerSize { Small, Medium, Large }

/// <summary>Where a flower turns its face, as the viewer sees it.</summary>
public enum FlowerPose { Facing, Left, Right, Up, Down }

/// <summary>What green is seen of a plant.</summary>
public enum Foliage { None, Stem, Leaves }

/// <summary>What is true of one drawn flower: the labels of the Petals data set.</summary>
/// <param name="Color">The petals' color.</param>
/// <param name="Shape">The petals' form.</param>
/// <param name="PetalCount">Petals drawn: 4 to 8, for long petals 10 to 20, for layered ones the sum over the rings.</param>
/// <param name="Center">The color of the center.</param>
/// <param name="Backdrop">What lies behind.</param>
/// <param name="Light">Where the light comes from.</param>
/// <param name="Size">How much of the picture it fills.</param>
/// <param name="Pose">Where it turns its face.</param>
/// <param name="Foliage">What green is seen.</param>
public sealed record FlowerAttributes(
    PetalColor Color, PetalShape Shape, int PetalCount, CenterColor Center, Backdrop Backdrop,
    FlowerLight Light, FlowerSize Size, FlowerPose Pose, Foliage Foliage);

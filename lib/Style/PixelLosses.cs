using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Total variation: the mean absolute difference between neighbors, across plus down. It quiets single pixels.
/// </summary>
/// <param name="weight">How much it counts in the total.</param>
public sealed class TotalVariation(double weight = 1) : LossTerm("smoothness", weight)
{
    public override Tensor Of(Tensor picture, FeatureMaps features) => Of(picture);

    /// <summary>The total variation of pictures <c>[B, C, H, W]</c>, at least 2 pixels high and wide; a scalar.</summary>
    public static Tensor Of(Tensor picture)
    {
        using var scope = NewDisposeScope();
        long height = picture.size(2), width = picture.size(3);
        var across = (picture.narrow(3, 1, width - 1) - picture.narrow(3, 0, width - 1)).abs().mean();
        var down = (picture.narrow(2, 1, height - 1) - picture.narrow(2, 0, height - 1)).abs().mean();
        return (across + down).MoveToOuterDisposeScope();
    }
}

/// <summary>The mean squared distance of each value from <c>[0, 1]</c>: what a screen cannot show, the optimizer should not use.</summary>
/// <param name="weight">How much it counts in the total.</param>
public sealed class RangePenalty(double weight = 1) : LossTerm("range", weight)
{
    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        return (picture - picture.clamp(0, 1)).square().mean().MoveToOuterDisposeScope();
    }
}

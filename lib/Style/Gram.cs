using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>What a Gram matrix is divided by. Published weights mean nothing without it.</summary>
public enum GramNormalization
{
    /// <summary>Nothing: <c>F·Fᵀ</c>, as Gatys and others write it (CVPR 2016).</summary>
    None,

    /// <summary>The number of positions, M = H·W: the mean over positions, independent of the picture's size.</summary>
    Positions,

    /// <summary>Channels times positions, N·M: as PyTorch's tutorial and most feed-forward style networks do.</summary>
    ChannelsAndPositions,
}

/// <summary>
/// The Gram matrix of a feature map: how strongly each pair of channels answers in the same places, summed over all
/// places. Which places is forgotten, and that makes it a description of style.
/// </summary>
public static class Gram
{
    /// <summary>Computes <c>F·Fᵀ</c>, with the positions of each feature map laid out in a row.</summary>
    /// <param name="features">A feature map <c>[B, C, H, W]</c>.</param>
    /// <param name="normalization">What to divide by.</param>
    /// <returns><c>[B, C, C]</c>, symmetric.</returns>
    public static Tensor Of(Tensor features, GramNormalization normalization = GramNormalization.Positions)
    {
        using var scope = NewDisposeScope();
        long channels = features.size(1), positions = features.size(2) * features.size(3);
        var rows = features.flatten(2);
        var gram = rows.matmul(rows.transpose(1, 2));
        var divisor = normalization switch
        {
            GramNormalization.Positions => positions,
            GramNormalization.ChannelsAndPositions => channels * positions,
            _ => 1,
        };
        return (divisor == 1 ? gram : gram / divisor).MoveToOuterDisposeScope();
    }
}

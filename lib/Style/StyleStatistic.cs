using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>What of a feature map counts as its style, and how far another map is from it.</summary>
public abstract class StyleStatistic
{
    /// <summary>A short name for charts and captions.</summary>
    public abstract string Name { get; }

    /// <summary>Measures the style picture's feature map, once.</summary>
    /// <param name="features">A feature map <c>[1, C, H, W]</c> of any height and width.</param>
    public abstract StyleTarget Measure(Tensor features);

    /// <summary>The Gram matrix F·Fᵀ/M, as Gatys and others use it (CVPR 2016).</summary>
    public static StyleStatistic Gram { get; } = new GramStatistic();

    /// <summary>The Gram matrix of F/n − 1, where n is the mean of the style's own feature map.</summary>
    public static StyleStatistic CenteredGram { get; } = new CenteredGramStatistic();

    /// <summary>Mean and covariance of the channels, compared as two normal distributions are.</summary>
    public static StyleStatistic Wasserstein { get; } = new WassersteinStatistic();

    /// <summary>The whole distribution of the channels' values, along directions drawn by chance.</summary>
    public static StyleStatistic SlicedWasserstein { get; } = new SlicedWassersteinStatistic();

    /// <summary>All of them, to compare.</summary>
    public static IReadOnlyList<StyleStatistic> All { get; } = [Gram, CenteredGram, Wasserstein, SlicedWasserstein];
}

/// <summary>One layer of one style picture, measured.</summary>
public abstract class StyleTarget : IDisposable
{
    /// <summary>How far a feature map's statistics are from the target's: a scalar, 0 at best, about 1 for a flat grey.</summary>
    /// <param name="features">A feature map <c>[1, C, H, W]</c> of any height and width; gradients flow back to it.</param>
    public abstract Tensor Distance(Tensor features);

    public abstract void Dispose();
}

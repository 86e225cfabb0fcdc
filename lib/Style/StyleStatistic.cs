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

    /// <summary>This statistic as it is at one layer, for those that treat layers differently; most do not.</summary>
    /// <param name="layer">A layer's name, as the network gives it.</param>
    public virtual StyleStatistic At(string layer) => this;

    /// <summary>Whether it depends on where in the picture things are, so that it cannot be taken over a part of the positions.</summary>
    public virtual bool SeesPlaces => false;

    /// <summary>
    /// Measures a style picture that is too large to be seen at once; null where that cannot be, and the whole map must be
    /// there. The made picture is then known by its moments alone.
    /// </summary>
    internal virtual PieceMeasure? InPieces() => null;

    /// <summary>The style picture in the colors that this statistic asks for; most ask for those it has.</summary>
    /// <param name="style">The style picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>.</param>
    /// <returns>The same shape and range; <paramref name="style"/> itself where nothing changes.</returns>
    public virtual Tensor Recolor(Tensor style) => style;

    /// <summary>A statistic on the way from this one to another: <c>(1 − w)·this + w·other</c>.</summary>
    /// <param name="other">Where the way leads.</param>
    /// <param name="weight">w, from 0, this one alone, to 1, the other alone.</param>
    /// <exception cref="Runtime.CourseException">The weight is out of range.</exception>
    public StyleStatistic Toward(StyleStatistic other, double weight)
    {
        StyleTransferOptions.Within(weight, 0, 1, nameof(weight));
        return new MixedStatistic((this, 1 - weight), (other, weight));
    }

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

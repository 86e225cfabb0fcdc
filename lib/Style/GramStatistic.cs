using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// The Gram matrix with positions as its normalization. The distance is ‖G − Gₛ‖² / ‖Gₛ‖²: the published squared
/// difference, relative to the style's own size, so that every layer counts alike.
/// </summary>
public sealed class GramStatistic : MomentStatistic
{
    public override string Name => "Gram";

    internal override MomentTarget Measure(Moments moments) => new GramTarget(moments, scale: 1, shift: 0);
}

/// <summary>
/// The Gram matrix of F/n − 1, where n is the mean of the style's own feature map. Values near the mean then count for
/// little, and what a filter answers everywhere no longer drowns what it answers here and there.
/// </summary>
public sealed class CenteredGramStatistic : MomentStatistic
{
    public override string Name => "centered Gram";

    internal override MomentTarget Measure(Moments moments)
    {
        using var mean = moments.Mean.mean();
        return new GramTarget(moments, scale: 1 / Math.Max(mean.ToDouble(), 1e-8), shift: -1);
    }
}

/// <summary>The Gram matrix of <c>features · scale + shift</c> as a target.</summary>
internal sealed class GramTarget : MomentTarget
{
    private readonly double scale, shift;
    private readonly Tensor gram, size;

    public GramTarget(Moments moments, double scale, double shift)
    {
        using var scope = NewDisposeScope();
        (this.scale, this.shift) = (scale, shift);
        gram = Gram(moments).clone().DetachFromDisposeScope();
        size = gram.square().sum().clamp_min(1e-12).DetachFromDisposeScope();
    }

    internal override Tensor Distance(Moments moments)
    {
        using var scope = NewDisposeScope();
        return ((Gram(moments) - gram).square().sum() / size).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        gram.Dispose();
        size.Dispose();
    }

    // Gram(aF + b) = a²·F·Fᵀ/M + ab·(m·1ᵀ + 1·mᵀ) + b², with m the channels' means: no second copy of the map is made.
    private Tensor Gram(Moments moments)
    {
        var plain = moments.Products * (scale * scale);
        return shift == 0 ? plain
            : plain + (moments.Mean.unsqueeze(0) + moments.Mean.unsqueeze(1)) * (scale * shift) + shift * shift;
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// The Gram matrix with positions as its normalization. The distance is ‖G − Gₛ‖² / ‖Gₛ‖²: the published squared
/// difference, relative to the style's own size, so that every layer counts alike.
/// </summary>
public sealed class GramStatistic : StyleStatistic
{
    public override string Name => "Gram";

    public override StyleTarget Measure(Tensor features) => new GramTarget(features, scale: 1, shift: 0);
}

/// <summary>
/// The Gram matrix of F/n − 1, where n is the mean of the style's own feature map. Values near the mean then count
/// </summary>
public sealed class CenteredGramStatistic : StyleStatistic
{
    public override string Name => "centered Gram";

    public override StyleTarget Measure(Tensor features)
    {
        using var mean = features.mean();
        return new GramTarget(features, scale: 1 / Math.Max(mean.ToDouble(), 1e-8), shift: -1);
    }
}

/// <summary>The Gram matrix of <c>features · scale + shift</c> as a target.</summary>
internal sealed class GramTarget : StyleTarget
{
    private readonly double scale, shift;
    private readonly Tensor gram, size;

    public GramTarget(Tensor features, double scale, double shift)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (this.scale, this.shift) = (scale, shift);
        gram = Measure(features).DetachFromDisposeScope();
        size = gram.square().sum().clamp_min(1e-12).DetachFromDisposeScope();
    }

    public override Tensor Distance(Tensor features)
    {
        using var scope = NewDisposeScope();
        return ((Measure(features) - gram).square().sum() / size).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        gram.Dispose();
        size.Dispose();
    }

    // Gram(aF + b) = a²·Gram(F) + ab·(m1ᵀ + 1mᵀ) + b², with m the channels' means: no second copy of the map is made.
    private Tensor Measure(Tensor features)
    {
        var plain = Gram.Of(features) * (scale * scale);
        if (shift == 0) return plain;
        var means = features.mean([2, 3]) * (scale * shift);
        return plain + means.unsqueeze(1) + means.unsqueeze(2) + shift * shift;
    }
}

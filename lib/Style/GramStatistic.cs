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
        gram = Measure(features, features).DetachFromDisposeScope();
        size = gram.square().sum().clamp_min(1e-12).DetachFromDisposeScope();
    }

    public override Tensor Distance(Tensor features)
    {
        using var scope = NewDisposeScope();
        // F·Fᵀ has the same gradient through either factor. Following one of them and doubling saves a third of the work.
        var half = (Measure(features, features.detach()) - gram).square().sum() / size;
        return (2 * half - half.detach()).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        gram.Dispose();
        size.Dispose();
    }

    // Gram(aF + b) = a²·F·Fᵀ/M + ab·(m·1ᵀ + 1·mᵀ) + b², with m the channels' means: no second copy of the map is made.
    private Tensor Measure(Tensor left, Tensor right)
    {
        var (rows, columns) = (left.squeeze(0).flatten(1), right.squeeze(0).flatten(1));
        var plain = rows.matmul(columns.t()) * (scale * scale / rows.size(1));
        if (shift == 0) return plain;
        var (leftMean, rightMean) = (rows.mean([1], keepdim: true), columns.mean([1], keepdim: true));
        return plain + (leftMean + rightMean.t()) * (scale * shift) + shift * shift;
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>What the table <c>F·T(F)ᵀ</c> of the made picture is to become.</summary>
public enum CrossTarget
{
    /// <summary>The style's own <c>F·T(F)ᵀ</c>: what the style has in common with its transformed self.</summary>
    OfTheTransform,

    /// <summary>
    /// The style's plain <c>F·Fᵀ</c>: the made picture must go with its transformed self as well as the style goes with
    /// itself. A flip then asks for symmetry, a roll for repetition.
    /// </summary>
    OfThePlainMap,
}

/// <summary>
/// The cross-Gram matrix <c>(F − μ)·(T(F) − μ)ᵀ/M</c>: which channels answer together in two <em>different</em> places,
/// the place and where T takes it. The distance is relative to the size of the style's plain table.
/// </summary>
/// <param name="name">A short name for captions.</param>
/// <param name="transform">T: flip, half turn, quarter turn, roll, or any other change that keeps the map's shape.</param>
/// <param name="target">What the made picture's table is to become.</param>
public sealed class CrossGramStatistic(
    string name, FeatureTransform transform, CrossTarget target = CrossTarget.OfTheTransform) : StyleStatistic
{
    private string layer = "";

    public override string Name => name;

    public override bool SeesPlaces => true;

    public override StyleStatistic At(string layer) => new CrossGramStatistic(name, transform, target) { layer = layer };

    public override StyleTarget Measure(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var plain = Tables.Of(features, features);
        var wanted = target == CrossTarget.OfThePlainMap ? plain : Of(features);
        return new TableTarget(wanted, plain, Of);
    }

    private Tensor Of(Tensor features)
    {
        using var scope = NewDisposeScope();
        return Tables.Of(features, transform.Apply(name, features, layer)).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// The shifted Gram matrix <c>F[.., Δ:]·F[.., :−Δ]ᵀ</c>: which channels answer together at a distance (Berger and Memisevic,
/// "Incorporating long-range consistency in CNN-based texture generation", arXiv 1606.01286), channels' means taken off.
/// </summary>
public sealed class ShiftedGramStatistic : StyleStatistic
{
    private readonly double across, down, stretch;

    /// <param name="across">The distance to the right, in parts of the map's longer side: 0 to 0.9.</param>
    /// <param name="down">The distance down: 0 to 0.9.</param>
    /// <param name="stretch">
    /// By how much the made picture's distance is larger than the style's, 0 to 100: with 2, what lies 10 pixels apart in the
    /// style is to lie 20 apart.
    /// </param>
    /// <exception cref="Runtime.CourseException">A value is out of range.</exception>
    public ShiftedGramStatistic(double across, double down, double stretch = 1)
    {
        StyleTransferOptions.Within(across, 0, 0.9, nameof(across));
        StyleTransferOptions.Within(down, 0, 0.9, nameof(down));
        StyleTransferOptions.Within(stretch, 0, 100, nameof(stretch));
        (this.across, this.down, this.stretch) = (across, down, stretch);
    }

    public override string Name => $"shifted {across:0.##}, {down:0.##}";

    public override bool SeesPlaces => true;

    public override StyleTarget Measure(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new TableTarget(Of(features, 1), Tables.Of(features, features), made => Of(made, stretch));
    }

    private Tensor Of(Tensor features, double by)
    {
        using var scope = NewDisposeScope();
        long height = features.size(2), width = features.size(3), longer = Math.Max(height, width);
        long x = Math.Min(width - 1, (long)Math.Round(across * by * longer)), y = Math.Min(height - 1, (long)Math.Round(down * by * longer));
        var here = features.narrow(3, 0, width - x).narrow(2, 0, height - y);
        var there = features.narrow(3, x, width - x).narrow(2, y, height - y);
        return Tables.Of(here, there).MoveToOuterDisposeScope();
    }
}

/// <summary>Tables of what two maps have in common.</summary>
internal static class Tables
{
    /// <summary>The covariance <c>[C, C]</c> of two maps' channels over positions; gradients flow to both.</summary>
    public static Tensor Of(Tensor left, Tensor right)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (left.squeeze(0).flatten(1), right.squeeze(0).flatten(1));
        var (mean, columnMean) = (rows.mean([1], keepdim: true), columns.mean([1], keepdim: true));
        return (rows.matmul(columns.t()) / rows.size(1) - mean.matmul(columnMean.t())).MoveToOuterDisposeScope();
    }
}

/// <summary>A table as a target: the squared distance relative to the size of another table.</summary>
internal sealed class TableTarget : StyleTarget
{
    private readonly Tensor wanted, size;
    private readonly Func<Tensor, Tensor> measure;

    public TableTarget(Tensor wanted, Tensor relativeTo, Func<Tensor, Tensor> measure)
    {
        this.measure = measure;
        this.wanted = wanted.clone().DetachFromDisposeScope();
        size = relativeTo.square().sum().clamp_min(1e-12).DetachFromDisposeScope();
    }

    public override Tensor Distance(Tensor features)
    {
        using var scope = NewDisposeScope();
        return ((measure(features) - wanted).square().sum() / size).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        wanted.Dispose();
        size.Dispose();
    }
}

using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// The mean and covariance of features that come batch by batch, in double precision: only the sums are kept, merged as
/// Chan, Golub and LeVeque do (1979), so that no large numbers are subtracted from one another.
/// </summary>
public sealed class FeatureStatistics : IDisposable
{
    private readonly Tensor mean, scatter; // scatter: Σ (x − mean)(x − mean)ᵀ

    /// <summary>Statistics of nothing yet.</summary>
    /// <param name="width">Numbers a sample.</param>
    public FeatureStatistics(int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        mean = zeros([width], ScalarType.Float64, CPU).DetachFromDisposeScope();
        scatter = zeros([width, width], ScalarType.Float64, CPU).DetachFromDisposeScope();
    }

    /// <summary>Statistics of samples <c>[N, Width]</c>.</summary>
    public static FeatureStatistics Of(Tensor features)
    {
        var statistics = new FeatureStatistics((int)features.shape[1]);
        statistics.Add(features);
        return statistics;
    }

    /// <summary>Samples so far.</summary>
    public long Count { get; private set; }

    /// <summary>Their mean, <c>[Width]</c>; it belongs to this object.</summary>
    public Tensor Mean => mean;

    /// <summary>Their covariance, divided by n − 1, <c>[Width, Width]</c>; a new tensor.</summary>
    /// <exception cref="CourseException">There are fewer than two samples.</exception>
    public Tensor Covariance() => Count >= 2 ? scatter / (Count - 1) : throw new CourseException($"A covariance needs at least 2 samples, not {Count}.");

    /// <summary>Adds samples <c>[B, Width]</c>, of any floating type, on any device.</summary>
    /// <exception cref="CourseException">They have another width, or hold values that are not numbers.</exception>
    public void Add(Tensor features)
    {
        if (features.dim() != 2 || features.shape[1] != mean.shape[0])
            throw new CourseException($"These statistics take features [B, {mean.shape[0]}], and were given [{string.Join(", ", features.shape)}].");
        if (features.shape[0] == 0) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = features.to(ScalarType.Float64).cpu();
        Finite.Require(x, "the feature vector of sample", Count);
        var (n, added) = (Count, x.shape[0]);
        var batchMean = x.mean([0]);
        var centered = x - batchMean;
        var step = batchMean - mean;
        scatter.add_(centered.t().matmul(centered)).add_(outer(step, step), (double)n * added / (n + added));
        mean.add_(step, (double)added / (n + added));
        Count += added;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        mean.Dispose();
        scatter.Dispose();
    }
}

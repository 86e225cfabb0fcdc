using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// The squared maximum mean discrepancy of two clouds of features under the kernel <c>k(x, y) = (xᵀy/D + 1)³</c>,
/// estimated without bias. Over Inception's features it is the KID (Bińkowski and others, arXiv 1801.01401); over any
/// others it is a proxy.
/// </summary>
/// <remarks>Unbiased means that it is right on average whatever the sample size, and that it may fall below zero.</remarks>
public static class KernelDistance
{
    /// <summary>The distance with its interval.</summary>
    /// <param name="first"><c>[N, D]</c>, N at least 2.</param>
    /// <param name="second"><c>[M, D]</c>, M at least 2.</param>
    /// <param name="resamples">How often both clouds are drawn anew from themselves; pairs of a sample with itself never count.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <exception cref="CourseException">The widths differ, or a cloud has fewer than two samples.</exception>
    public static Estimate Of(Tensor first, Tensor second, int resamples = 200, int seed = Seeds.Default)
    {
        if (first.shape[1] != second.shape[1]) throw new CourseException($"A kernel distance needs features of one width, not {first.shape[1]} and {second.shape[1]}.");
        var (n, m) = (first.shape[0], second.shape[0]);
        if (n < 2 || m < 2) throw new CourseException($"A kernel distance needs at least 2 samples on each side, not {n} and {m}.");
        foreach (var samples in (Tensor[])[first, second]) Finite.Require(samples, "the feature vector of sample");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (x, y) = (first.to(ScalarType.Float64).cpu(), second.to(ScalarType.Float64).cpu());
        // The diagonals compare a sample with itself, which is what an unbiased estimate leaves out.
        var (xx, yy, xy) = (WithoutDiagonal(Kernel(x, x)), WithoutDiagonal(Kernel(y, y)), Kernel(x, y));
        var value = Value(ones(n, ScalarType.Float64), ones(m, ScalarType.Float64));
        var random = SplitMix64.Stream((ulong)(uint)seed, 0);
        var drawn = new double[resamples];
        for (var i = 0; i < resamples; i++)
        {
            using var step = NewDisposeScope();
            drawn[i] = Value(Drawn(n), Drawn(m));
        }
        double[] sorted = [.. drawn.DefaultIfEmpty(value).Order()];
        return new(value, Bootstrap.Quantile(sorted, 0.025), Bootstrap.Quantile(sorted, 0.975), (int)Math.Min(n, m));

        // With u and v counting how often each sample was drawn.
        double Value(Tensor u, Tensor v) => Within(xx, u) + Within(yy, v) - 2 * (u.matmul(xy).dot(v) / (u.sum() * v.sum())).ToDouble();

        Tensor Drawn(long count)
        {
            var times = new double[count];
            for (var i = 0; i < count; i++) times[random.Next((int)count)]++;
            return tensor(times);
        }
    }

    /// <summary>The distance between pictures as a network sees them, with its interval.</summary>
    /// <param name="network">Inception for the KID, or a proxy.</param>
    /// <param name="made"><c>[N, 3, S, S]</c> in [−1, 1].</param>
    /// <param name="real"><c>[M, 3, S, S]</c>.</param>
    /// <param name="resamples">How often both sets are drawn anew from themselves.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    public static Estimate Of(IPictureFeatures network, Tensor made, Tensor real, int resamples = 200, int seed = Seeds.Default)
    {
        using var scope = NewDisposeScope();
        return Of(InBatches.Features(network, made), InBatches.Features(network, real), resamples, seed);
    }

    private static Tensor Kernel(Tensor x, Tensor y) => (x.matmul(y.t()) / x.shape[1] + 1).pow(3);

    private static Tensor WithoutDiagonal(Tensor square) => square - square.diagonal().diag();

    // The mean over all pairs of two different samples.
    private static double Within(Tensor kernel, Tensor weights) =>
        (weights.matmul(kernel).dot(weights) / (weights.sum().square() - weights.square().sum())).ToDouble();
}

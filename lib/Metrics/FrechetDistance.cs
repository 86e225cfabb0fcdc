using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// The Fréchet distance of two clouds of features, each taken for a normal distribution:
/// <c>‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½)</c>. Over Inception's features it is the FID (Heusel and others,
/// arXiv 1706.08500); over any others it is not, and is called a proxy.
/// </summary>
/// <remarks>Few samples make it too large, never too small: compare only figures of equal sample size.</remarks>
public static class FrechetDistance
{
    private const double Epsilon = 1e-6;

    /// <summary>The distance between what two sets of statistics describe.</summary>
    /// <exception cref="CourseException">The widths differ, a set has fewer than two samples, or there is no root.</exception>
    public static double Of(FeatureStatistics first, FeatureStatistics second)
    {
        using var scope = NewDisposeScope();
        return Of(first.Mean, first.Covariance(), second.Mean, second.Covariance());
    }

    /// <summary>The distance between two normal distributions.</summary>
    /// <param name="mean1"><c>[D]</c>, float64.</param>
    /// <param name="covariance1"><c>[D, D]</c>, symmetric, float64.</param>
    /// <param name="mean2"><c>[D]</c>.</param>
    /// <param name="covariance2"><c>[D, D]</c>.</param>
    /// <exception cref="CourseException">The widths differ, or there is no root.</exception>
    public static double Of(Tensor mean1, Tensor covariance1, Tensor mean2, Tensor covariance2) => Of(mean1, covariance1, mean2, covariance2, TraceOfRoot);

    /// <summary>The distance between two clouds, with its interval.</summary>
    /// <param name="first"><c>[N, D]</c>.</param>
    /// <param name="second"><c>[M, D]</c>.</param>
    /// <param name="resamples">How often both clouds are drawn anew from themselves.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <remarks>
    /// A cloud drawn from another holds doubles and lies farther off than a fresh one would, so the interval takes the
    /// resamples' spread and not their place: their deviations from their own mean, around the value.
    /// </remarks>
    /// <exception cref="CourseException">The widths differ, or a cloud has fewer than two samples.</exception>
    public static Estimate Of(Tensor first, Tensor second, int resamples = 100, int seed = Seeds.Default)
    {
        using var kept = Runner.Current.Once(CPU, () =>
        {
            var made = Resampled(first, second, resamples, seed);
            return tensor([made.Value, made.Low, made.High, made.Samples]);
        });
        var numbers = kept.data<double>();
        return new(numbers[0], numbers[1], numbers[2], (int)numbers[3]);
    }

    private static Estimate Resampled(Tensor first, Tensor second, int resamples, int seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (x, y) = (first.to(ScalarType.Float64).cpu(), second.to(ScalarType.Float64).cpu());
        using var generator = new Generator((ulong)(uint)seed);
        var value = Between(x, y);
        var drawn = new double[resamples];
        for (var i = 0; i < resamples; i++) drawn[i] = Between(Again(x), Again(y));
        var mean = drawn.DefaultIfEmpty(value).Average();
        double[] around = [.. drawn.DefaultIfEmpty(value).Select(each => value + each - mean).Order()];
        return new(value, Math.Max(0, Bootstrap.Quantile(around, 0.025)), Bootstrap.Quantile(around, 0.975), (int)Math.Min(x.shape[0], y.shape[0]));

        Tensor Again(Tensor cloud)
        {
            using var picks = randint(0, cloud.shape[0], [cloud.shape[0]], ScalarType.Int64, generator: generator);
            return cloud[picks];
        }
    }

    /// <summary>The distance between pictures as a network sees them, with its interval.</summary>
    /// <param name="network">Inception for the FID, or a proxy.</param>
    /// <param name="made"><c>[N, 3, S, S]</c> in [−1, 1].</param>
    /// <param name="real"><c>[M, 3, S, S]</c>.</param>
    /// <param name="resamples">How often both sets are drawn anew from themselves.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    public static Estimate Of(IPictureFeatures network, Tensor made, Tensor real, int resamples = 100, int seed = Seeds.Default)
    {
        using var scope = NewDisposeScope();
        return Of(InBatches.Features(network, made), InBatches.Features(network, real), resamples, seed);
    }

    internal static double Of(Tensor mean1, Tensor covariance1, Tensor mean2, Tensor covariance2, Func<Tensor, Tensor, double> traceOfRoot)
    {
        if (mean1.shape[0] != mean2.shape[0]) throw new CourseException($"A Fréchet distance needs features of one width, not {mean1.shape[0]} and {mean2.shape[0]}.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var root = traceOfRoot(covariance1, covariance2);
        if (!double.IsFinite(root))
        {
            // As the reference does: a little of the identity makes nearly singular matrices tractable.
            var little = Epsilon * eye(mean1.shape[0], dtype: ScalarType.Float64, device: CPU);
            root = traceOfRoot(covariance1 + little, covariance2 + little);
        }
        if (!double.IsFinite(root)) throw new CourseException("The Fréchet distance has no value: the root of the covariances' product is not a number. Look for features that are NaN, or give more samples.");
        var apart = (mean1 - mean2).square().sum().ToDouble();
        return Math.Max(0, apart + (covariance1.trace() + covariance2.trace()).ToDouble() - 2 * root);
    }

    /// <summary>
    /// Tr (AB)^½, as the sum of the roots of the eigenvalues of A^½·B·A^½, which has those of AB but is symmetric: so no
    /// root is complex, and rounding below zero is cut off. NaN where the decomposition fails.
    /// </summary>
    private static double TraceOfRoot(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        try
        {
            var (values, vectors) = linalg.eigh(a);
            var root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
            var middle = root.matmul(b).matmul(root);
            return linalg.eigvalsh((middle + middle.t()) / 2).clamp_min(0).sqrt().sum().ToDouble();
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return double.NaN;
        }
    }

    private static double Between(Tensor x, Tensor y)
    {
        if (Math.Max(x.shape[0], y.shape[0]) <= x.shape[1]) return Few(x, y);
        using var first = FeatureStatistics.Of(x);
        using var second = FeatureStatistics.Of(y);
        return Of(first, second);
    }

    // With fewer samples than features, as 2,000 pictures and Inception's 2,048: AB has the squares of the singular values of
    // XYᵀ for eigenvalues, so that their sum is the trace, and neither a covariance nor its root is ever made.
    private static double Few(Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        if (first.shape[1] != second.shape[1]) throw new CourseException($"A Fréchet distance needs features of one width, not {first.shape[1]} and {second.shape[1]}.");
        if (Math.Min(first.shape[0], second.shape[0]) is < 2 and var least) throw new CourseException($"A Fréchet distance needs at least 2 samples, not {least}.");
        foreach (var samples in (Tensor[])[first, second]) Finite.Require(samples, "the feature vector of sample");
        var (mean1, mean2) = (first.mean([0]), second.mean([0]));
        var (x, y) = ((first - mean1) / Math.Sqrt(first.shape[0] - 1), (second - mean2) / Math.Sqrt(second.shape[0] - 1));
        var root = linalg.svdvals(x.matmul(y.t())).sum().ToDouble();
        return Math.Max(0, ((mean1 - mean2).square().sum() + x.square().sum() + y.square().sum()).ToDouble() - 2 * root);
    }
}

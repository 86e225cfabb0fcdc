using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// The channels' means and covariances, compared as two normal distributions: the squared Wasserstein-2 distance
/// ‖μ − μₛ‖² + tr(A + B − 2(A^½ B A^½)^½), relative to the style's own tr(A) + ‖μₛ‖².
/// </summary>
public sealed class WassersteinStatistic : MomentStatistic
{
    public override string Name => "Wasserstein-2";

    internal override MomentTarget Measure(Moments moments) => new Target(moments);

    // Only these C×C figures are in double precision: the roots of small eigenvalues would magnify float32's rounding.
    private static (Tensor Mean, Tensor Covariance) Normal(Moments moments)
    {
        var mean = moments.Mean.to(ScalarType.Float64);
        var ridge = 1e-4 * eye(mean.size(0), dtype: ScalarType.Float64, device: mean.device);
        return (mean, moments.Products.to(ScalarType.Float64) - outer(mean, mean) + ridge);
    }

    private sealed class Target : MomentTarget
    {
        private readonly Tensor mean, root, trace, size;

        public Target(Moments moments)
        {
            using var scope = NewDisposeScope();
            var (mean, covariance) = Normal(moments);
            var (values, vectors) = linalg.eigh(covariance);
            this.mean = mean.clone().DetachFromDisposeScope();
            root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t()).DetachFromDisposeScope();
            trace = covariance.trace().DetachFromDisposeScope();
            size = (trace + mean.square().sum()).DetachFromDisposeScope();
        }

        internal override Tensor Distance(Moments moments)
        {
            using var scope = NewDisposeScope();
            var (otherMean, covariance) = Normal(moments);
            // tr((A^½ B A^½)^½) is the sum of the roots of the eigenvalues: no eigenvector is needed.
            var shared = linalg.eigvalsh(root.matmul(covariance).matmul(root)).clamp_min(1e-10).sqrt().sum();
            var distance = (otherMean - mean).square().sum() + trace + covariance.trace() - 2 * shared;
            return (distance / size).MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            mean.Dispose();
            root.Dispose();
            trace.Dispose();
            size.Dispose();
        }
    }
}

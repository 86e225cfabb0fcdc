using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// The channels' means and covariances, compared as two normal distributions: the squared Wasserstein-2 distance
/// ‖μ − μₛ‖² + tr(A + B − 2(A^½ B A^½)^½), relative to the style's own tr(A) + ‖μₛ‖².
/// </summary>
public sealed class WassersteinStatistic : StyleStatistic
{
    public override string Name => "Wasserstein-2";

    public override StyleTarget Measure(Tensor features) => new Target(features);

    // Only these C×C figures are in double precision: the roots of small eigenvalues would magnify float32's rounding.
    private static (Tensor Mean, Tensor Covariance) Moments(Tensor left, Tensor right)
    {
        var (rows, columns) = (left.squeeze(0).flatten(1), right.squeeze(0).flatten(1));
        var (mean, columnMean) = (rows.mean([1]).to(ScalarType.Float64), columns.mean([1]).to(ScalarType.Float64));
        var products = (rows.matmul(columns.t()) / rows.size(1)).to(ScalarType.Float64);
        var ridge = 1e-4 * eye(mean.size(0), dtype: ScalarType.Float64, device: left.device);
        return (mean, products - outer(mean, columnMean) + ridge);
    }

    private sealed class Target : StyleTarget
    {
        private readonly Tensor mean, root, trace, size;

        public Target(Tensor features)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var (mean, covariance) = Moments(features, features);
            var (values, vectors) = linalg.eigh(covariance);
            this.mean = mean.DetachFromDisposeScope();
            root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t()).DetachFromDisposeScope();
            trace = covariance.trace().DetachFromDisposeScope();
            size = (trace + mean.square().sum()).DetachFromDisposeScope();
        }

        public override Tensor Distance(Tensor features)
        {
            using var scope = NewDisposeScope();
            // As with the Gram matrix, the gradient through one factor of the covariance is half of it.
            var (otherMean, covariance) = Moments(features, features.detach());
            // tr((A^½ B A^½)^½) is the sum of the roots of the eigenvalues: no eigenvector is needed.
            var shared = linalg.eigvalsh(root.matmul(covariance).matmul(root)).clamp_min(1e-10).sqrt().sum();
            var half = trace + covariance.trace() - 2 * shared;
            var distance = (otherMean - mean).square().sum() + 2 * half - half.detach();
            return (distance / size).to(features.dtype).MoveToOuterDisposeScope();
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

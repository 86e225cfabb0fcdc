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

    private static (Tensor Mean, Tensor Covariance) Moments(Tensor features)
    {
        var rows = features[0].flatten(1);
        var mean = rows.mean([1]);
        var covariance = rows.matmul(rows.t()) / rows.size(1) - outer(mean, mean);
        return (mean, covariance + 1e-4 * eye(mean.size(0), device: features.device));
    }

    private sealed class Target : StyleTarget
    {
        private readonly Tensor mean, root, trace, size;

        public Target(Tensor features)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var (mean, covariance) = Moments(features);
            var (values, vectors) = linalg.eigh(covariance);
            this.mean = mean.DetachFromDisposeScope();
            root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t()).DetachFromDisposeScope();
            trace = covariance.trace().DetachFromDisposeScope();
            size = (trace + mean.square().sum()).DetachFromDisposeScope();
        }

        public override Tensor Distance(Tensor features)
        {
            using var scope = NewDisposeScope();
            var (otherMean, covariance) = Moments(features);
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

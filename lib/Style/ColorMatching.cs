using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Gives a picture another one's colors: the linear map that takes the mean and covariance of its pixels to the other's
/// and moves each color as little as possible. This is optimal transport between normal distributions (Pitié and Kokaram,
/// "The linear Monge-Kantorovitch linear colour mapping", CVMP 2007): <c>T = A^−½ (A^½ B A^½)^½ A^−½</c>.
/// </summary>
public static class ColorMatching
{
    /// <summary>Recolors a picture.</summary>
    /// <param name="picture">The picture to recolor, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>.</param>
    /// <param name="colors">The picture whose colors it gets, <c>[1, 3, h, w]</c>.</param>
    /// <returns><c>[1, 3, H, W]</c>, clamped to <c>[0, 1]</c>.</returns>
    public static Tensor Apply(Tensor picture, Tensor colors)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (mean, covariance) = Moments(picture);
        var (newMean, newCovariance) = Moments(colors);
        var root = Power(covariance, 0.5);
        var back = Power(covariance, -0.5);
        var map = back.matmul(Power(root.matmul(newCovariance).matmul(root), 0.5)).matmul(back);
        var pixels = picture[0].flatten(1).to(ScalarType.Float64);
        var moved = map.matmul(pixels - mean) + newMean;
        return moved.view(picture.shape).to(picture.dtype).clamp(0, 1).MoveToOuterDisposeScope();
    }

    private static (Tensor Mean, Tensor Covariance) Moments(Tensor picture)
    {
        var pixels = picture[0].flatten(1).to(ScalarType.Float64);
        var mean = pixels.mean([1], keepdim: true);
        var centered = pixels - mean;
        // A picture of one color has no covariance to divide by; this much is below one level of 255.
        var covariance = centered.matmul(centered.t()) / pixels.size(1) + 1e-6 * eye(3, dtype: ScalarType.Float64, device: pixels.device);
        return (mean, covariance);
    }

    private static Tensor Power(Tensor symmetric, double exponent)
    {
        var (values, vectors) = linalg.eigh(symmetric);
        return (vectors * values.clamp_min(1e-12).pow(exponent)).matmul(vectors.t());
    }
}

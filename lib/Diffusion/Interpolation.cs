using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Between two noises. Nearly all normal noise of n numbers has a length near √n, as if it lay on a sphere; a straight
/// line between two leaves the sphere, and its middle is too quiet for a model that knows noise only. So the way
/// follows the sphere (Shoemake's slerp, 1985; White, arXiv 1609.04468).
/// </summary>
public static class Interpolation
{
    /// <summary>
    /// One noise on the way: sin((1 − u)θ)/sin θ·a + sin(uθ)/sin θ·b, where θ is the angle between the two.
    /// </summary>
    /// <param name="from">a, any shape.</param>
    /// <param name="to">b, the same shape.</param>
    /// <param name="share">u: 0 is a, 1 is b.</param>
    /// <returns>In the same shape; for noises that point the same way a straight line's point.</returns>
    /// <exception cref="CourseException">
    /// The shapes differ, or the noises point in opposite directions: there is no shortest way.
    /// </exception>
    public static Tensor Spherical(Tensor from, Tensor to, double share)
    {
        if (!from.shape.SequenceEqual(to.shape))
            throw new CourseException($"There is no way from noise [{string.Join(", ", from.shape)}] to noise "
                + $"[{string.Join(", ", to.shape)}]: both must have one shape.");
        using var scope = NewDisposeScope();
        var cosine = ((from * to).sum() / (from.norm() * to.norm())).ToDouble();
        var angle = Math.Acos(Math.Clamp(cosine, -1, 1));
        var sine = Math.Sin(angle);
        if (cosine < 0 && sine < 1e-4)
            throw new CourseException("The two noises point in opposite directions, and every way between them is as "
                + "short as any other: draw one of them anew.");
        var (a, b) = sine < 1e-4 ? (1 - share, share)
            : (Math.Sin((1 - share) * angle) / sine, Math.Sin(share * angle) / sine);
        return (a * from + b * to).MoveToOuterDisposeScope();
    }

    /// <summary>Evenly spaced noises from one to the other, both among them.</summary>
    /// <param name="from">The first, <c>[1, C, h, w]</c>.</param>
    /// <param name="to">The last, <c>[1, C, h, w]</c>.</param>
    /// <param name="count">How many, 2 or more.</param>
    /// <returns><c>[count, C, h, w]</c>.</returns>
    /// <exception cref="CourseException">As <see cref="Spherical"/>, or the count is below 2.</exception>
    public static Tensor Path(Tensor from, Tensor to, int count)
    {
        if (count < 2) throw new CourseException($"A way of {count} noises has no two ends: count must be at least 2.");
        using var scope = NewDisposeScope();
        var steps = Enumerable.Range(0, count).Select(i => Spherical(from, to, i / (count - 1.0)));
        return cat([.. steps], 0).MoveToOuterDisposeScope();
    }
}

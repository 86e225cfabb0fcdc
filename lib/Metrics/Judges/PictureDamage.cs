using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>Harm done to pictures on purpose, in known amounts: a measure that does not notice is no measure.</summary>
public static class PictureDamage
{
    /// <summary>Adds normal noise to every value.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="deviation">The noise's standard deviation in the same units: one for all, or <c>[B, 1, 1, 1]</c>.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <returns><c>[B, 3, H, W]</c>, clamped to [−1, 1].</returns>
    public static Tensor Noise(Tensor pictures, Tensor deviation, int seed = Seeds.Default)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(uint)seed);
        var noise = randn(pictures.shape, generator: generator).to(pictures.device);
        return (pictures + deviation * noise).clamp(-1, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="Noise(Tensor, Tensor, int)"/>
    public static Tensor Noise(Tensor pictures, double deviation, int seed = Seeds.Default)
    {
        using var scalar = tensor((float)deviation, device: pictures.device);
        return Noise(pictures, scalar, seed);
    }

    /// <summary>Blurs with a normal distribution's bell, the borders mirrored.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c>.</param>
    /// <param name="deviation">The bell's standard deviation in pixels, above 0.</param>
    /// <returns><c>[B, 3, H, W]</c>.</returns>
    /// <exception cref="CourseException">The deviation is not above 0, or the pictures are smaller than the bell.</exception>
    public static Tensor Blur(Tensor pictures, double deviation)
    {
        if (!(deviation > 0)) throw new CourseException($"The blur's deviation is {deviation}: it must be above 0.");
        var reach = (int)Math.Ceiling(3 * deviation);
        if (reach >= Math.Min(pictures.shape[2], pictures.shape[3]))
            throw new CourseException($"The blur's deviation is {deviation} and reaches {reach} pixels: pictures of {pictures.shape[3]}×{pictures.shape[2]} are too small for it.");
        using var scope = NewDisposeScope();
        var bell = exp(-arange(-reach, reach + 1, dtype: ScalarType.Float32, device: pictures.device).square() / (2 * deviation * deviation));
        bell = (bell / bell.sum()).view(1, 1, 1, -1).expand(pictures.shape[1], 1, 1, -1);
        // A round bell is one along the rows, then one down the columns.
        var x = nn.functional.pad(pictures, [reach, reach, reach, reach], PaddingModes.Reflect);
        x = nn.functional.conv2d(x, bell, groups: pictures.shape[1]);
        x = nn.functional.conv2d(x, bell.transpose(2, 3), groups: pictures.shape[1]);
        return x.MoveToOuterDisposeScope();
    }
}

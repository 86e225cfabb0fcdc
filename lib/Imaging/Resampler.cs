using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Imaging;

/// <summary>How a resized picture's pixels are mixed from the old ones.</summary>
public enum Resampling
{
    /// <summary>A triangle over two pixels: soft, never outside the range of its sources.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = −0.5 over four pixels: sharper.</summary>
    Bicubic,
}

/// <summary>
/// Resizing as Pillow does it. When a picture shrinks, the filter widens by the same factor and so covers every source
/// pixel: that is the antialiasing, and its lack is why a thoughtlessly shrunk picture shimmers.
/// </summary>
public static class Resampler
{
    private const int WeightBits = 22; // Pillow's fixed point: 32 bits, less 8 of pixel, less 2 for sums beyond the range

    /// <summary>The picture in another size; equal to Pillow's <c>Image.resize</c> for 8-bit RGB.</summary>
    public static Picture Resize(Picture picture, int width, int height, Resampling resampling = Resampling.Bicubic)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var rgb = picture.Rgb;
        if (width != picture.Width) rgb = Rows(rgb, picture.Width, picture.Height, Weigh(picture.Width, width, resampling));
        if (height != picture.Height) rgb = Columns(rgb, width, Weigh(picture.Height, height, resampling));
        return ReferenceEquals(rgb, picture.Rgb) ? picture : new Picture(width, height, rgb);
    }

    /// <summary>The same filters for tensors, on any device, with gradients. Bicubic values may overshoot the range a little.</summary>
    /// <param name="pixels"><c>[B, C, H, W]</c>, floating point.</param>
    /// <param name="height">The new H.</param>
    /// <param name="width">The new W.</param>
    /// <param name="resampling">The filter.</param>
    /// <returns><c>[B, C, height, width]</c>.</returns>
    public static Tensor Resize(Tensor pixels, long height, long width, Resampling resampling = Resampling.Bicubic) =>
        nn.functional.interpolate(pixels, [height, width], align_corners: false, antialias: true,
            mode: resampling == Resampling.Bicubic ? InterpolationMode.Bicubic : InterpolationMode.Bilinear);

    private static byte[] Rows(byte[] rgb, int width, int height, Taps[] taps)
    {
        var result = new byte[taps.Length * height * 3];
        Parallel.For(0, height, y =>
        {
            var source = rgb.AsSpan(y * width * 3, width * 3);
            var target = result.AsSpan(y * taps.Length * 3);
            for (var x = 0; x < taps.Length; x++)
            {
                int r = 1 << (WeightBits - 1), g = r, b = r, at = taps[x].First * 3;
                foreach (var weight in taps[x].Weights)
                {
                    r += source[at++] * weight;
                    g += source[at++] * weight;
                    b += source[at++] * weight;
                }
                (target[x * 3], target[x * 3 + 1], target[x * 3 + 2]) = (Clip(r), Clip(g), Clip(b));
            }
        });
        return result;
    }

    private static byte[] Columns(byte[] rgb, int width, Taps[] taps)
    {
        var stride = width * 3;
        var result = new byte[taps.Length * stride];
        Parallel.For(0, taps.Length, () => new int[stride], (y, _, sums) =>
        {
            Array.Fill(sums, 1 << (WeightBits - 1));
            for (var i = 0; i < taps[y].Weights.Length; i++)
            {
                var source = rgb.AsSpan((taps[y].First + i) * stride, stride);
                var weight = taps[y].Weights[i];
                for (var x = 0; x < stride; x++) sums[x] += source[x] * weight;
            }
            for (var x = 0; x < stride; x++) result[y * stride + x] = Clip(sums[x]);
            return sums;
        }, _ => { });
        return result;
    }

    private static byte Clip(int fixedPoint) => (byte)Math.Clamp(fixedPoint >> WeightBits, 0, 255);

    private readonly record struct Taps(int First, int[] Weights);

    /// <summary>For each new pixel: the first old pixel under the filter, and the weights from there on.</summary>
    private static Taps[] Weigh(int from, int to, Resampling resampling)
    {
        var step = (double)from / to;
        var stretch = Math.Max(step, 1);
        var support = stretch * (resampling == Resampling.Bicubic ? 2 : 1);
        var taps = new Taps[to];
        for (var i = 0; i < to; i++)
        {
            var center = (i + 0.5) * step;
            var first = Math.Max((int)(center - support + 0.5), 0);
            var last = Math.Min((int)(center + support + 0.5), from);
            var weights = new double[last - first];
            for (var j = 0; j < weights.Length; j++)
                weights[j] = Filter((first + j - center + 0.5) / stretch, resampling);
            var sum = weights.Sum();
            taps[i] = new Taps(first, [.. weights.Select(w => (int)Math.Round(w / sum * (1 << WeightBits), MidpointRounding.AwayFromZero))]);
        }
        return taps;
    }

    private static double Filter(double x, Resampling resampling)
    {
        x = Math.Abs(x);
        if (resampling == Resampling.Bilinear) return Math.Max(0, 1 - x);
        const double a = -0.5;
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
            : 0;
    }
}

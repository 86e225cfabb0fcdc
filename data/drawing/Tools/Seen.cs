using System.Numerics;

namespace ImageGen.Painters;

/// <summary>
/// What one look at the scene brings home: sharp light as it is, and light that bounced about the scene kept apart from
/// the surface it fell on, so that its noise can be smoothed without blurring what is seen.
/// </summary>
/// <param name="Sharp">Sunlight, sky, lamps, clear reflections.</param>
/// <param name="Soft">Bounced light that falls on the surface, before the surface's color.</param>
/// <param name="Sheen">Light off the surface's coat, where the coat is rough.</param>
/// <param name="Tint">The surface's color: what it makes of the soft light.</param>
/// <param name="Normal">Where the surface faces.</param>
/// <param name="Depth">How far away it is.</param>
internal readonly record struct Seen(Vector3 Sharp, Vector3 Soft, Vector3 Sheen, Vector3 Tint, Vector3 Normal, float Depth)
{
    public static implicit operator Seen(Vector3 light) => new(light, default, default, default, default, 0);

    public static Seen operator +(Seen a, Seen b) =>
        new(a.Sharp + b.Sharp, a.Soft + b.Soft, a.Sheen + b.Sheen, a.Tint + b.Tint, a.Normal + b.Normal, a.Depth + b.Depth);

    public static Seen operator *(Seen a, float k) => new(a.Sharp * k, a.Soft * k, a.Sheen * k, a.Tint * k, a.Normal * k, a.Depth * k);

    /// <summary>All its light together.</summary>
    public Vector3 Light => Sharp + Sheen + Tint * Soft;

    /// <summary>
    /// Smooths one kind of light by an edge-avoiding à-trous wavelet (Dammertz, Sewtz, Hanika and Lensch, 2010): five taps
    /// each way, twice as far apart every round, that stop at changes of direction, distance and brightness.
    /// </summary>
    public static Vector3[] Smoothed(Seen[] pixels, Converter<Seen, Vector3> kind, int width, int height, int rounds)
    {
        float[] kernel = [1 / 16f, 1 / 4f, 3 / 8f, 1 / 4f, 1 / 16f];
        var soft = Array.ConvertAll(pixels, kind);
        for (var round = 0; round < rounds; round++)
        {
            var source = soft;
            var result = new Vector3[source.Length];
            int step = 1 << round;
            var tolerance = 2.4f / (1 << round); // large steps must only join what is nearly equal
            Parallel.For(0, height, Film.Cores(default), y =>
            {
                for (var x = 0; x < width; x++)
                {
                    var center = pixels[y * width + x];
                    var level = Film.Luminance(source[y * width + x]);
                    var sum = Vector3.Zero;
                    var weights = 0f;
                    for (var j = -2; j <= 2; j++)
                        for (var i = -2; i <= 2; i++)
                        {
                            int nx = x + i * step, ny = y + j * step;
                            if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
                            var other = pixels[ny * width + nx];
                            var bright = Film.Luminance(source[ny * width + nx]);
                            var likeness = MathF.Max(0, Vector3.Dot(center.Normal, other.Normal));
                            var apart = MathF.Abs(center.Depth - other.Depth) / (0.02f * step * (center.Depth + 0.01f));
                            var unlike = MathF.Abs(level - bright) / (tolerance * (level + bright + 0.05f));
                            var weight = kernel[i + 2] * kernel[j + 2] * likeness * likeness * likeness * likeness * MathF.Exp(-apart - unlike * unlike) + 1e-8f;
                            sum += source[ny * width + nx] * weight;
                            weights += weight;
                        }
                    result[y * width + x] = sum / weights;
                }
            });
            soft = result;
        }
        return soft;
    }
}

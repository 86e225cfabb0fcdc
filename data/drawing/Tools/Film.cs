using System.Numerics;
using ImageGen.Imaging;

namespace ImageGen.Painters;

/// <summary>What a place on the film sees, in linear light.</summary>
/// <param name="x">From -width/height at the left to width/height at the right.</param>
/// <param name="y">From -1 at the bottom to 1 at the top.</param>
/// <param name="dice">Random numbers for this sample.</param>
internal delegate Seen Shot(float x, float y, ref Dice dice);

/// <summary>How the film is developed.</summary>
internal sealed record Development
{
    /// <summary>Brightness before the tone curve.</summary>
    public float Exposure { get; init; } = 1;

    /// <summary>How much of the brightest light bleeds into its surroundings.</summary>
    public float Glow { get; init; } = 0.08f;

    /// <summary>How much darker the corners are.</summary>
    public float Vignette { get; init; } = 0.25f;

    /// <summary>Colorfulness; 1 leaves it.</summary>
    public float Saturation { get; init; } = 1;

    /// <summary>The grain's height in levels of 255.</summary>
    public float Grain { get; init; } = 2.5f;

    /// <summary>The color of white light before the tone curve.</summary>
    public Vector3 Balance { get; init; } = Vector3.One;

    /// <summary>Whether a tone curve compresses the highlights; without it colors come out as they went in.</summary>
    public bool Filmic { get; init; } = true;

    /// <summary>For paint and paper: no lens, no film, the colors themselves.</summary>
    public static Development Print { get; } = new() { Glow = 0, Vignette = 0, Grain = 1, Filmic = false };
}

/// <summary>A picture in linear light: exposed by many samples a pixel, then developed as a photograph is.</summary>
internal sealed class Film(int width, int height, int seed)
{
    private readonly Vector3[] pixels = new Vector3[width * height];

    public int Width => width;
    public int Height => height;
    public ref Vector3 this[int x, int y] => ref pixels[y * width + x];

    /// <summary>Takes <paramref name="samples"/> shots for each pixel, spread over it and a little beyond.</summary>
    public static Film Expose(int width, int height, int samples, int seed, Shot shot, CancellationToken cancel)
    {
        var film = new Film(width, height, seed);
        var seen = new Seen[width * height];
        var edge = new bool[width * height];
        Parallel.For(0, height, Cores(cancel), row =>
        {
            for (var column = 0; column < width; column++)
            {
                var at = row * width + column;
                Seen sum = new(), first = new();
                float squares = 0;
                for (var n = 0; n < samples; n++)
                {
                    var dice = new Dice(column, row, seed, n);
                    float x = column + 0.5f + Tent(dice.Next()), y = row + 0.5f + Tent(dice.Next());
                    var look = shot((2 * x - width) / height, 1 - 2 * y / height, ref dice);
                    // One lucky path must not make a white dot.
                    look = look with { Sharp = Vector3.Min(look.Sharp, new(12)), Sheen = Vector3.Min(look.Sheen, new(4)), Soft = Vector3.Min(look.Soft, new(8)) };
                    if (n == 0) first = look;
                    sum += look;
                    squares += look.Depth * look.Depth;
                    film.pixels[at] += look.Light / samples;
                }
                var mean = sum * (1f / samples);
                edge[at] = mean.Normal.Length() < 0.9f || squares / samples > 1.0016f * mean.Depth * mean.Depth;
                // Direction and distance are one look's: the mean of two surfaces would be like neither.
                seen[at] = mean with { Normal = first.Normal, Depth = first.Depth };
            }
        });
        if (seen.All(pixel => pixel.Tint == Vector3.Zero)) return film;
        Vector3[] soft = Seen.Smoothed(seen, pixel => pixel.Soft, width, height, rounds: 4), sheen = Seen.Smoothed(seen, pixel => pixel.Sheen, width, height, rounds: 3);
        for (var i = 0; i < seen.Length; i++)
            if (!edge[i]) film.pixels[i] = seen[i].Sharp + sheen[i] + seen[i].Tint * soft[i];
        return film;
    }

    /// <summary>Glow, vignette, tone curve and grain: linear light becomes 8-bit sRGB.</summary>
    public Picture Develop(Development how)
    {
        var glow = how.Glow > 0 ? Blurred(Math.Max(1, height / 48)) : pixels;
        var rgb = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var light = Vector3.Lerp(pixels[y * width + x], glow[y * width + x], how.Glow) * how.Balance * how.Exposure;
                float dx = (2f * x - width) / width, dy = (2f * y - height) / height;
                light *= 1 - how.Vignette * (dx * dx + dy * dy) * 0.5f;
                if (how.Filmic) light = Curve(light);
                var grey = new Vector3(Luminance(light));
                light = Vector3.Clamp(grey + (light - grey) * how.Saturation, Vector3.Zero, Vector3.One);
                var grain = how.Grain * (Noise.Value(x, y, seed) + Noise.Value(x, y, seed + 1) - 1);
                for (var channel = 0; channel < 3; channel++)
                    rgb[(y * width + x) * 3 + channel] = (byte)Math.Clamp(Encode(light[channel]) * 255 + grain + 0.5f, 0, 255);
            }
        return new Picture(width, height, rgb);
    }

    /// <summary>One worker a core: a pool that is starved by other work would otherwise add hundreds.</summary>
    public static ParallelOptions Cores(CancellationToken cancel) =>
        new() { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount };

    public static float Luminance(Vector3 light) => 0.2126f * light.X + 0.7152f * light.Y + 0.0722f * light.Z;

    /// <summary>A color written as sRGB, such as 0xE8C170, in linear light.</summary>
    public static Vector3 Color(int srgb) => new(Decode(srgb >> 16 & 255), Decode(srgb >> 8 & 255), Decode(srgb & 255));

    private static float Decode(int level)
    {
        var c = level / 255f;
        return c <= 0.04045f ? c / 12.92f : MathF.Pow((c + 0.055f) / 1.055f, 2.4f);
    }

    private static float Encode(float c) => c <= 0.0031308f ? 12.92f * c : 1.055f * MathF.Pow(c, 1 / 2.4f) - 0.055f;

    // The filmic curve of Narkowicz (2015), a fit to the Academy's: soft shoulders instead of clipped whites.
    private static Vector3 Curve(Vector3 x)
    {
        x *= 0.6f;
        var y = x * (2.51f * x + new Vector3(0.03f)) / (x * (2.43f * x + new Vector3(0.59f)) + new Vector3(0.14f));
        return Vector3.Clamp(y, Vector3.Zero, Vector3.One);
    }

    private static float Tent(float u) => u < 0.5f ? 0.8f * (MathF.Sqrt(2 * u) - 1) : 0.8f * (1 - MathF.Sqrt(2 - 2 * u));

    // Three box blurs each way are near a Gaussian; the sum of a narrow and a wide one has a lens's long tail.
    private Vector3[] Blurred(int radius)
    {
        var narrow = Blur(pixels, radius);
        var wide = Blur(narrow, radius * 3);
        for (var i = 0; i < narrow.Length; i++) narrow[i] = (narrow[i] + wide[i]) * 0.5f;
        return narrow;
    }

    private Vector3[] Blur(Vector3[] source, int radius)
    {
        var result = (Vector3[])source.Clone();
        for (var pass = 0; pass < 3; pass++)
        {
            for (var y = 0; y < height; y++) Slide(result, y * width, 1, width, radius);
            for (var x = 0; x < width; x++) Slide(result, x, width, height, radius);
        }
        return result;
    }

    private static void Slide(Vector3[] values, int start, int stride, int count, int radius)
    {
        var line = new Vector3[count];
        for (var i = 0; i < count; i++) line[i] = values[start + i * stride];
        Vector3 At(int i) => line[Math.Clamp(i, 0, count - 1)];
        var sum = Vector3.Zero;
        for (var i = -radius; i <= radius; i++) sum += At(i);
        for (var i = 0; i < count; i++)
        {
            values[start + i * stride] = sum / (2 * radius + 1);
            sum += At(i + radius + 1) - At(i - radius);
        }
    }
}

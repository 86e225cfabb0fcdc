using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// Convolution filters made by formula: what the early layers of trained networks, and of eyes, turn out to look like.
/// Every bank is a convolution weight <c>[filters, 3, size, size]</c> over red, green and blue.
/// </summary>
public static class FilterBanks
{
    /// <summary>Three orthonormal directions in color: lightness, red against blue, green against both.</summary>
    public static IReadOnlyList<float[]> OpponentColors { get; } =
    [
        [1 / MathF.Sqrt(3), 1 / MathF.Sqrt(3), 1 / MathF.Sqrt(3)],
        [1 / MathF.Sqrt(2), 0, -1 / MathF.Sqrt(2)],
        [1 / MathF.Sqrt(6), -2 / MathF.Sqrt(6), 1 / MathF.Sqrt(6)],
    ];

    /// <summary>
    /// One Gabor filter: a wave under a bell, <c>exp(−(x² + y²) / 2σ²) · cos(2πu/λ + φ)</c> with <c>u</c> the distance
    /// along the wave. It answers to stripes of this width and direction, and to nothing flat.
    /// </summary>
    /// <param name="size">Height and width, odd.</param>
    /// <param name="wavelength">λ, in pixels.</param>
    /// <param name="angle">The wave's direction, in radians; 0 gives upright stripes.</param>
    /// <param name="phase">φ, in radians: 0 is a bright line, π/2 an edge.</param>
    /// <param name="sigma">The bell's width σ, in pixels; 0.45 λ when not given.</param>
    /// <returns><c>[size, size]</c>, with sum 0 and the sum of squares 1.</returns>
    public static Tensor Gabor(int size, double wavelength, double angle, double phase, double? sigma = null)
    {
        using var scope = NewDisposeScope();
        var (x, y) = Grid(size);
        var bell = Bell(x, y, sigma ?? 0.45 * wavelength);
        var wave = bell * cos((x * Math.Cos(angle) + y * Math.Sin(angle)) * (2 * Math.PI / wavelength) + phase);
        // What is left of flat light goes out in the bell's own shape: a constant would leave a square's outline.
        var filter = wave - bell * (wave.sum() / bell.sum());
        return (filter / filter.norm()).MoveToOuterDisposeScope();
    }

    /// <summary>A Gaussian blur, <c>[size, size]</c>, with the sum of squares 1.</summary>
    public static Tensor Gaussian(int size, double sigma)
    {
        using var scope = NewDisposeScope();
        var (x, y) = Grid(size);
        var bell = Bell(x, y, sigma);
        return (bell / bell.norm()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The bank of 51 filters of 9×9: fine stripes (λ = 3.5) in lightness and wide ones (λ = 6) in each opponent color,
    /// in 6 directions, lines and edges, with norm 2; then a blur of each color, with norm 1.
    /// </summary>
    /// <returns><c>[51, 3, 9, 9]</c></returns>
    public static Tensor GaborBank()
    {
        using var scope = NewDisposeScope();
        var filters = new List<Tensor>();
        AddGabors(filters, wavelength: 3.5, OpponentColors[0]);
        foreach (var color in OpponentColors) AddGabors(filters, wavelength: 6, color);
        foreach (var color in OpponentColors) filters.Add(Colored(Gaussian(9, sigma: 2), color));
        return stack(filters).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The bank of 24 filters of 3×3: the 8 waves of the discrete cosine transform (the flat one left out) in each
    /// opponent color, with norm 2. They see single pixels, where the Gabor filters are blind.
    /// </summary>
    /// <returns><c>[24, 3, 3, 3]</c></returns>
    public static Tensor CosineBank()
    {
        using var scope = NewDisposeScope();
        var filters = new List<Tensor>();
        foreach (var color in OpponentColors)
            for (var wave = 1; wave < 9; wave++)
                filters.Add(Colored(Cosine(3, wave / 3, wave % 3) * 2, color));
        return stack(filters).MoveToOuterDisposeScope();
    }

    private static void AddGabors(List<Tensor> filters, double wavelength, float[] color)
    {
        for (var direction = 0; direction < 6; direction++)
            for (var phase = 0; phase < 2; phase++)
                filters.Add(Colored(Gabor(9, wavelength, direction * Math.PI / 6, phase * Math.PI / 2) * 2, color));
    }

    // [size, size] times a color of norm 1: [3, size, size], of the same norm.
    private static Tensor Colored(Tensor filter, float[] color) => tensor(color).view(3, 1, 1) * filter;

    private static Tensor Cosine(int size, int vertical, int horizontal)
    {
        var at = arange(size) + 0.5;
        var filter = outer(cos(at * (Math.PI * vertical / size)), cos(at * (Math.PI * horizontal / size)));
        return filter / filter.norm();
    }

    private static Tensor Bell(Tensor x, Tensor y, double sigma) => exp((x * x + y * y) / (-2 * sigma * sigma));

    private static (Tensor X, Tensor Y) Grid(int size)
    {
        var at = arange(size, dtype: ScalarType.Float32) - (size - 1) / 2f;
        return (at.view(1, size), at.view(size, 1));
    }
}

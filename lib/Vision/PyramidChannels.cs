using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>What one filter of the <see cref="FilterPyramid"/>'s hand-made banks looks for.</summary>
/// <param name="Color">0 lightness, 1 red against blue, 2 green against both: <see cref="FilterBanks.OpponentColors"/>.</param>
/// <param name="Kind">Filters of one kind are alike but for their color.</param>
/// <param name="Across">How much its wave runs across; with <paramref name="Down"/> of length 1, or both 0 for a blur.</param>
/// <param name="Down">How much it runs down.</param>
/// <param name="Crossed">Whether it sees the wave that runs down to the left as well as the one to the right.</param>
public sealed record PyramidFilter(int Color, int Kind, double Across, double Down, bool Crossed = false)
{
    /// <summary>Whether this filter sees plain color, without any stripe or edge.</summary>
    public bool IsBlur => Across == 0 && Down == 0;

    /// <summary>How well its wave goes along a direction of length 1: 0 for across it, 1 for along it.</summary>
    public double Along(double across, double down)
    {
        double Squared(double a) => Math.Pow(a * across + Down * down, 2);
        return Crossed ? (Squared(Across) + Squared(-Across)) / 2 : Squared(Across);
    }
}

/// <summary>
/// The names behind the numbers: which filter stands behind which channel of the <see cref="FilterPyramid"/>'s hand-made
/// layers. A bank of n filters gives 2n channels: what is above 0 in each answer, then what is below.
/// </summary>
public static class PyramidChannels
{
    /// <summary>The layers that have such names, from fine to coarse.</summary>
    public static IReadOnlyList<string> Layers { get; } = ["cosine", "gabor1", "gabor2", "gabor3"];

    private static readonly PyramidFilter[] Gabor = [.. MakeGabor()], Cosine = [.. MakeCosine()];

    /// <summary>The filters behind a layer, in order.</summary>
    /// <exception cref="CourseException">The layer has no such filters.</exception>
    public static IReadOnlyList<PyramidFilter> Of(string layer) => layer switch
    {
        "cosine" => Cosine,
        _ when Layers.Contains(layer) => Gabor,
        _ => throw new CourseException($"The layer '{layer}' has channels without a meaning, which no map by meaning can change: set StyleLayers to {string.Join(", ", Layers)}."),
    };

    /// <summary>
    /// Which filter takes another's place when every filter is turned or mirrored: for n filters a matrix <c>[n, n]</c> of
    /// 0, 1 and −1, found by turning the filters and looking for each result among the others.
    /// </summary>
    /// <param name="layer">One of <see cref="Layers"/>.</param>
    /// <param name="turn">A change of the filters <c>[n, 3, size, size]</c> that gives the same filters in another order.</param>
    public static Tensor Permutation(string layer, Func<Tensor, Tensor> turn)
    {
        using var scope = NewDisposeScope();
        _ = Of(layer);
        var bank = layer == "cosine" ? FilterBanks.CosineBank() : FilterBanks.GaborBank();
        var rows = nn.functional.normalize(bank.flatten(1), dim: 1);
        var alike = nn.functional.normalize(turn(bank).flatten(1), dim: 1).matmul(rows.t());
        // Neighboring directions are alike too; only the same filter, or its negative, is alike to the last digits.
        return (alike.sign() * (alike.abs() > 0.999)).MoveToOuterDisposeScope();
    }

    // As FilterBanks.GaborBank adds them: fine waves in lightness, wide ones in each color, then the blurs.
    private static IEnumerable<PyramidFilter> MakeGabor()
    {
        foreach (var (color, kinds) in (IEnumerable<(int, int)>)[(0, 0), (0, 100), (1, 100), (2, 100)])
            for (var wave = 0; wave < 12; wave++)
                yield return new(color, kinds + wave, Math.Cos(wave / 2 * Math.PI / 6), Math.Sin(wave / 2 * Math.PI / 6));
        for (var color = 0; color < 3; color++) yield return new(color, 200, 0, 0);
    }

    // As FilterBanks.CosineBank adds them.
    private static IEnumerable<PyramidFilter> MakeCosine()
    {
        for (var color = 0; color < 3; color++)
            for (var wave = 1; wave < 9; wave++)
            {
                var (down, across) = (wave / 3, wave % 3);
                var length = Math.Sqrt(down * down + across * across);
                yield return new(color, wave, across / length, down / length, Crossed: down * across > 0);
            }
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// The numbers behind 4-bit weights (Dettmers and others, QLoRA, arXiv 2305.14314), as bitsandbytes has them: sixteen values
/// that a normal distribution fills about evenly, and the map of 8 bits for the blocks' scales.
/// </summary>
public static class Nf4
{
    /// <summary>Weights that share one scale.</summary>
    public const int BlockSize = 64;

    /// <summary>Scales that share one scale of their own.</summary>
    public const int NestedBlockSize = 256;

    /// <summary>The sixteen values, from −1 to 1; code 7 is exactly 0.</summary>
    public static IReadOnlyList<float> Code { get; } =
    [
        -1f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1f,
    ];

    /// <summary>
    /// The 256 values of the dynamic map with a sign and 7 exponent bits (Dettmers, arXiv 1511.04561): in each decade from 1e-6
    /// to 1 the middles of twice as many even parts as in the decade below.
    /// </summary>
    public static IReadOnlyList<float> DynamicMap { get; } = BuildDynamicMap();

    /// <summary>The nearest code of each number in [−1, 1]; where two are as near, the lower one.</summary>
    /// <returns>Codes of <paramref name="map"/>, int64, in the shape of <paramref name="numbers"/>.</returns>
    public static Tensor Nearest(Tensor numbers, IReadOnlyList<float> map)
    {
        using var scope = NewDisposeScope();
        var middles = tensor(map.Zip(map.Skip(1), (low, high) => (low + high) / 2).ToArray(), device: numbers.device);
        return bucketize(numbers.contiguous(), middles).MoveToOuterDisposeScope(); // how many middles lie below
    }

    private static float[] BuildDynamicMap()
    {
        var values = new List<float> { 0, 1 };
        for (var decade = 0; decade < 7; decade++)
        {
            using var scope = NewDisposeScope();
            var bounds = linspace(0.1, 1, (1 << decade) + 1, ScalarType.Float32);
            var middles = (bounds[..^1] + bounds[1..]) / 2 * Math.Pow(10, decade - 6);
            foreach (var middle in middles.data<float>()) values.AddRange([middle, -middle]);
        }
        values.Sort();
        return [.. values];
    }
}

using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The numbers that tests/Fixtures/make_style.py makes by formula, made again.</summary>
internal static class FormulaNumbers
{
    /// <summary>Numbers in [−1, 1).</summary>
    public static double[] Of(long count, ulong stream)
    {
        var numbers = new double[count];
        for (ulong index = 0; index < (ulong)count; index++)
        {
            var hashed = (index * 2654435761 + stream * 40503) % (1UL << 32);
            hashed = (hashed ^ (hashed >> 15)) * 2246822519 % (1UL << 32);
            numbers[index] = (hashed >> 8) / (double)(1 << 23) - 1;
        }
        return numbers;
    }

    public static Tensor Tensor(ulong stream, params long[] shape) => tensor(Of(shape.Aggregate((a, b) => a * b), stream)).view(shape);
}

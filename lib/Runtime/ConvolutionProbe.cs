using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Runtime;

/// <summary>Convolutions of ones through ones: each result is a count, known without computing it by a convolution.</summary>
internal static class ConvolutionProbe
{
    private const int Pictures = 2, Width = 11;

    private static readonly Kind[] Kinds =
    [
        new(24, 24, 3, ScalarType.Float32), new(64, 3, 3, ScalarType.Float32), new(24, 3, 9, ScalarType.Float32, Transposed: true),
        new(16, 16, 3, ScalarType.BFloat16), new(24, 24, 3, ScalarType.BFloat16),
    ];

    private sealed record Kind(int Inputs, int Outputs, int Kernel, ScalarType Type, bool Transposed = false)
    {
        public override string ToString() =>
            $"{(Transposed ? "a transposed" : "a")} {Kernel}×{Kernel} convolution of {Inputs} to {Outputs} channels in {Type.ToString().ToLowerInvariant()}";
    }

    /// <summary>The first result that is wrong, in words; null where all are right.</summary>
    /// <param name="round">
    /// oneDNN keeps what it compiled for a shape, right or wrong: each round takes a height of its own, and an odd one, so that
    /// nothing that a user computes meets what a probe left behind.
    /// </param>
    internal static string? FindFault(int round)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        return Kinds.Select(kind => FindFault(kind, height: 5 + 2 * round)).FirstOrDefault(fault => fault is not null);
    }

    private static string? FindFault(Kind kind, int height)
    {
        try { return Compute(kind, height); }
        // What this build cannot compute at all, it says; that is no wrong number.
        catch (ExternalException) { return null; }
    }

    private static string? Compute(Kind kind, int height)
    {
        var (padding, shape) = ((long)kind.Kernel / 2, new long[] { Pictures, kind.Inputs, height, Width });
        using var x = ones(shape, dtype: kind.Type, device: CPU, requires_grad: true);
        using var weight = ones(
            kind.Transposed ? kind.Inputs : kind.Outputs, kind.Transposed ? kind.Outputs : kind.Inputs, kind.Kernel, kind.Kernel,
            dtype: kind.Type, device: CPU);
        using var y = kind.Transposed
            ? nn.functional.conv_transpose2d(x, weight, padding: [padding, padding])
            : nn.functional.conv2d(x, weight, padding: [padding, padding]);
        using var sum = y.sum();
        using var gradient = autograd.grad([sum], [x])[0];
        return Compare($"the result of {kind}", y, kind.Inputs, kind) ?? Compare($"the gradient of {kind}", gradient, kind.Outputs, kind);
    }

    // A pixel sees as many of the kernel's places as lie inside the map, in each of the channels on the other side.
    private static string? Compare(string what, Tensor result, int channels, Kind kind)
    {
        var height = (int)result.shape[2];
        using var whole = result.detach().to(ScalarType.Float32).contiguous();
        var values = whole.data<float>().ToArray();
        // bfloat16 keeps 8 bits of a count.
        var tolerance = kind.Type == ScalarType.BFloat16 ? 1f / 64 : 0;
        for (var i = 0; i < values.Length; i++)
        {
            var count = channels * Inside(i / Width % height, height, kind.Kernel) * Inside(i % Width, Width, kind.Kernel);
            if (!(MathF.Abs(values[i] - count) <= tolerance * count))
                return string.Create(CultureInfo.InvariantCulture, $"{what} is {values[i]:g6} where it must be {count}");
        }
        return null;
    }

    // How many of a kernel's places lie inside when its middle is at a position.
    private static int Inside(int position, int size, int kernel) =>
        Math.Min(position + kernel / 2, size - 1) - Math.Max(position - kernel / 2, 0) + 1;
}

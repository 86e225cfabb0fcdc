using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Runtime;

/// <summary>
/// Checks before calls of TorchSharp that end the process where others throw: it lets their C++ exceptions through. The
/// course's kernel writes them into cells in place of the calls of the same names; by itself this class does nothing.
/// </summary>
/// <remarks>
/// Every public operation of TorchSharp 0.107 on tensors was called with shapes and types that do not fit, each in a process
/// of its own. What else died there (cross, cummax, cummin, align_as, histogram, sparse, the *_out family, max_unpool3d) no
/// lesson uses.
/// </remarks>
public static class CellChecks
{
    /// <summary><see cref="torch.matmul(Tensor, Tensor)"/>.</summary>
    /// <exception cref="CourseException">The shapes, types or devices do not fit.</exception>
    public static Tensor matmul(Tensor input, Tensor target)
    {
        if (input is null || target is null) throw new CourseException("matmul was given null in place of a tensor.");
        var (a, b) = (input.shape, target.shape);
        var problem = a.Length == 0 || b.Length == 0 ? "both need at least one dimension"
            : input.dtype != target.dtype ? $"one holds {Name(input.dtype)} and the other {Name(target.dtype)}: convert one with .to(…)"
            : input.device_type != target.device_type ? $"one is on {input.device_type} and the other on {target.device_type}"
            : a[^1] != b[^Math.Min(2, b.Length)] ? $"{a[^1]} columns of the first meet {b[^Math.Min(2, b.Length)]} rows of the second, and must be as many"
            : !Broadcast(a.AsSpan(..^Math.Min(2, a.Length)), b.AsSpan(..^Math.Min(2, b.Length))) ? "the dimensions before the last two are neither equal nor 1"
            : null;
        return problem is null ? input.matmul(target)
            : throw new CourseException($"matmul cannot multiply [{string.Join(", ", a)}] with [{string.Join(", ", b)}]: {problem}.");
    }

    /// <summary>Before <c>var</c>, which has no value for whole numbers.</summary>
    /// <returns>The same tensor.</returns>
    /// <exception cref="CourseException">It does not hold floating-point numbers.</exception>
    public static Tensor var(Tensor input) => Floating(input, "var has no value for");

    /// <summary>Before <c>rand_like</c>, which draws no whole numbers.</summary>
    /// <returns>The same tensor.</returns>
    /// <exception cref="CourseException">It does not hold floating-point numbers.</exception>
    public static Tensor rand_like(Tensor input) => Floating(input, "rand_like cannot draw");

    private static Tensor Floating(Tensor input, string what) =>
        input is null || input.is_floating_point() || input.is_complex() ? input!
            : throw new CourseException($"{what} {Name(input.dtype)} [{string.Join(", ", input.shape)}]: convert it first, with .to(ScalarType.Float32).");

    private static bool Broadcast(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        for (var i = 1; i <= Math.Min(a.Length, b.Length); i++)
            if (a[^i] != b[^i] && a[^i] != 1 && b[^i] != 1) return false;
        return true;
    }

    private static string Name(ScalarType type) => type.ToString().ToLowerInvariant();
}

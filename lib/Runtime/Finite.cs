using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Runtime;

/// <summary>Keeps NaN out of measures: a figure computed from it says nothing of what is wrong, and where.</summary>
internal static class Finite
{
    /// <summary>The same samples, if all their values are numbers.</summary>
    /// <param name="samples"><c>[N, …]</c>.</param>
    /// <param name="what">What a sample is, for example <c>picture</c>.</param>
    /// <param name="first">The number of the first of them.</param>
    /// <exception cref="CourseException">One is not: the message names the first such, counted from 0.</exception>
    internal static Tensor Require(Tensor samples, string what, long first = 0)
    {
        if (samples.numel() == 0) return samples;
        using var scope = NewDisposeScope();
        var good = isfinite(samples.detach()).flatten(1).all(1);
        if (good.all().ToBoolean()) return samples;
        var bad = good.logical_not().nonzero().view(-1);
        throw new CourseException($"{char.ToUpperInvariant(what[0])}{what[1..]} {first + bad[0].ToInt64()} holds NaN or infinite values"
            + $"{(bad.numel() > 1 ? $", and so do {bad.numel() - 1} more of {samples.shape[0]}" : "")}: what made it is broken.");
    }
}

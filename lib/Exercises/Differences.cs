using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Exercises;

/// <summary>Says in words how a tensor differs from the one it should be.</summary>
internal static class Differences
{
    /// <summary>What is wrong with <paramref name="actual"/>, or <c>null</c> when it is close enough.</summary>
    public static string? Explain(Tensor? actual, Tensor expected, double tolerance, (string Name, double Value)[] factors)
    {
        if (actual is null || actual.IsInvalid) return "it is no tensor, or one that was disposed already";
        if (!actual.shape.SequenceEqual(expected.shape)) return WrongShape(actual, expected);

        var (a, e) = (actual.detach().to(float64).cpu(), expected.detach().to(float64).cpu());
        if (!isfinite(a).all().ToBoolean()) return "it holds values that are not numbers (NaN or infinity): look for a division by zero or a logarithm of zero";

        var allowed = tolerance * Math.Max(1e-12, e.abs().max().ToDouble());
        if (Near(a, e, allowed)) return null;
        return Transposed(a, e, allowed) ?? Scaled(a, e, allowed, factors) ?? Shifted(a, e, allowed) ?? WorstPlace(a, e);
    }

    /// <summary>Names a constant factor between answer and truth, if it is one of the known ones or their inverse.</summary>
    public static string? Factor(double ratio, (string Name, double Value)[] factors)
    {
        foreach (var (name, value) in factors.Append(("−1", -1)).Append(("2", 2)))
        {
            if (Same(ratio, value)) return $"it is {name} times the right answer: divide by {name}";
            if (Same(ratio, 1 / value)) return $"it is the right answer divided by {name}: multiply by {name}";
        }
        return null;
    }

    private static string WrongShape(Tensor actual, Tensor expected)
    {
        var shapes = $"its shape is [{string.Join(", ", actual.shape)}] and should be [{string.Join(", ", expected.shape)}]";
        return actual.numel() == expected.numel() ? shapes + "; the number of values is right, so a reshape, view or transpose is missing" : shapes;
    }

    private static bool Near(Tensor a, Tensor e, double allowed) => (a - e).abs().max().ToDouble() <= allowed;

    private static bool Same(double a, double b) => Math.Abs(a - b) <= 1e-3 * Math.Abs(b);

    private static string? Transposed(Tensor a, Tensor e, double allowed) =>
        a.dim() >= 2 && a.shape[^1] == a.shape[^2] && Near(a.transpose(-1, -2), e, allowed) ? "its last two axes are swapped: transpose it" : null;

    private static string? Scaled(Tensor a, Tensor e, double allowed, (string Name, double Value)[] factors)
    {
        var scale = (a * e).sum().ToDouble() / Math.Max(1e-300, (e * e).sum().ToDouble());
        if (scale == 0 || !Near(a / scale, e, allowed)) return null;
        return Factor(scale, factors) ?? $"every value is {Check.Text(scale)} times the right one: a factor is missing or one too many";
    }

    private static string? Shifted(Tensor a, Tensor e, double allowed)
    {
        var shift = (a - e).mean().ToDouble();
        return Near(a - shift, e, allowed) ? $"every value is off by the same {Check.Text(shift)}: something is added that should not be, or the other way round" : null;
    }

    private static string WorstPlace(Tensor a, Tensor e)
    {
        var flat = (a - e).abs().flatten();
        var at = flat.argmax().ToInt64();
        var place = new long[a.dim()];
        var rest = at;
        for (var axis = place.Length - 1; axis >= 0; axis--) (place[axis], rest) = (rest % a.shape[axis], rest / a.shape[axis]);
        return $"the values differ, most at [{string.Join(", ", place)}]: {Check.Text(a.flatten()[at].ToDouble())} where {Check.Text(e.flatten()[at].ToDouble())} is right";
    }
}

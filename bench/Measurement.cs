using System.Diagnostics;
using System.Globalization;

namespace ImageGen.Bench;

/// <summary>One figure, with the bound it is held to where there is one.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Unit">Its unit; empty for a ratio.</param>
/// <param name="AtLeast">The least that is good enough.</param>
/// <param name="AtMost">The most that is good enough.</param>
public sealed record Measurement(string Name, double Value, string Unit = "", double? AtLeast = null, double? AtMost = null)
{
    /// <summary>Whether the figure is within its bounds.</summary>
    public bool Holds => Value >= (AtLeast ?? double.MinValue) && Value <= (AtMost ?? double.MaxValue);

    /// <summary>One line of a table.</summary>
    public override string ToString()
    {
        var bound = AtLeast is { } least ? $"at least {Text(least)}" : AtMost is { } most ? $"at most {Text(most)}" : "";
        var verdict = bound.Length == 0 ? "" : Holds ? "ok" : "MISSED";
        return $"{Name,-46}  {Text(Value),10} {Unit,-8} {bound,-16} {verdict}".TrimEnd();
    }

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

/// <summary>Times two pieces of work in turn, so that what else the machine does falls on both alike.</summary>
public static class Paired
{
    /// <summary>Runs A and B alternately, after one run of each that does not count.</summary>
    /// <returns>The median seconds of each, and the median over the rounds of A's seconds over B's.</returns>
    public static (double A, double B, double Ratio) Time(Action a, Action b, int rounds)
    {
        a();
        b();
        var (first, second) = (new double[rounds], new double[rounds]);
        for (var round = 0; round < rounds; round++)
        {
            // Whoever goes second may find a warmer cache: the order changes from round to round.
            if (round % 2 == 0) first[round] = Seconds(a);
            second[round] = Seconds(b);
            if (round % 2 == 1) first[round] = Seconds(a);
        }
        return (Median(first), Median(second), Median([.. first.Zip(second, (x, y) => x / y)]));
    }

    /// <summary>Wall-clock seconds of one run.</summary>
    public static double Seconds(Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return clock.Elapsed.TotalSeconds;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}

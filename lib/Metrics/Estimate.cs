using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Metrics;

/// <summary>A measured number with what it rests on: a figure without its sample size says nothing.</summary>
/// <param name="Value">The figure.</param>
/// <param name="Low">The lower end of its 95% bootstrap interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="Samples">Pictures, or pairs, that it was measured on.</param>
public sealed record Estimate(double Value, double Low, double High, int Samples)
{
    /// <summary>The mean of some values, with the interval that resampling them gives.</summary>
    /// <param name="values">One a sample.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <exception cref="CourseException">There is no value.</exception>
    public static Estimate OfMean(IReadOnlyList<double> values, int seed = Seeds.Default) => Bootstrap.Interval(
        values.Count > 0 ? values.Average() : throw new CourseException("A mean needs at least one sample."), values.Count, 2000, seed,
        picks => picks.Average(pick => values[pick]));

    /// <summary>For example <c>0.931 [0.915, 0.946], n = 1024</c>; as many digits as the figure's size asks for.</summary>
    public override string ToString()
    {
        var digits = Math.Abs(Value) switch { < 0.1 => "0.0000", < 10 => "0.000", < 100 => "0.00", _ => "0.0" };
        string Text(double value) => value.ToString(digits, System.Globalization.CultureInfo.InvariantCulture);
        return $"{Text(Value)} [{Text(Low)}, {Text(High)}], n = {Samples}";
    }
}

/// <summary>
/// The bootstrap (Efron, 1979): how far a figure would move with other samples is seen by drawing, again and again, as
/// many samples from those at hand, some of them twice and some not at all.
/// </summary>
public static class Bootstrap
{
    /// <summary>The middle 95% of what resampling gives.</summary>
    /// <param name="value">The figure from all samples.</param>
    /// <param name="samples">How many there are.</param>
    /// <param name="resamples">How often to draw.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <param name="statistic">The figure from the samples with these numbers, as many as there are, some more than once.</param>
    public static Estimate Interval(double value, int samples, int resamples, int seed, Func<int[], double> statistic)
    {
        var random = SplitMix64.Stream((ulong)(uint)seed, 0);
        var picks = new int[samples];
        var values = new double[resamples];
        for (var i = 0; i < resamples; i++)
        {
            for (var j = 0; j < samples; j++) picks[j] = random.Next(samples);
            values[i] = statistic(picks);
        }
        Array.Sort(values);
        return new(value, Quantile(values, 0.025), Quantile(values, 0.975), samples);
    }

    // Linear between neighbors, as NumPy's default is.
    internal static double Quantile(double[] sorted, double share)
    {
        var at = share * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }
}

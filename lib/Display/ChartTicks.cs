using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace ImageGen.Display;

/// <summary>Where an axis is labeled, and how numbers are written.</summary>
internal static class ChartTicks
{
    public static NumericAutomatic Numbers(float spacing) => new()
    {
        MinimumTickSpacing = spacing,
        LabelFormatter = value => Number(value),
    };

    public static NumericManual Labels(IReadOnlyList<string> labels, double offset) =>
        new([.. labels.Select((label, i) => new Tick(i + offset, label))]);

    /// <summary>Names of rows or columns, or every so many an index.</summary>
    public static NumericManual Cells(IReadOnlyList<string>? labels, int count)
    {
        if (labels is not null) return Labels([.. labels.Take(count)], 0.5);
        var step = 1;
        while (count / step > 8) step *= 2;
        return new([.. Enumerable.Range(0, (count + step - 1) / step).Select(i => new Tick(i * step + 0.5, Number(i * step)))]);
    }

    /// <summary>Ticks of a logarithmic axis over log₁₀ of the values: powers of ten, and 2 and 5 between where there are few.</summary>
    public static NumericManual Powers(IEnumerable<double> values) => new([.. PowersOfTen(values)]);

    internal static IReadOnlyList<Tick> PowersOfTen(IEnumerable<double> values)
    {
        var logs = values.Where(value => value > 0 && double.IsFinite(value)).Select(Math.Log10).DefaultIfEmpty(0).ToList();
        int low = (int)Math.Floor(logs.Min()) - 1, high = (int)Math.Ceiling(logs.Max()) + 1;
        var span = logs.Max() - logs.Min();
        var step = Math.Max(1, (int)Math.Ceiling(span / 6));
        double[] between = span < 2.2 ? [1, 2, 5] : [1];
        List<Tick> ticks = [];
        for (var power = low; power <= high; power++)
            if (Math.Abs(power) % step == 0)
                ticks.AddRange(between.Select(digit => new Tick(power + Math.Log10(digit), Power(digit, power))));
        return ticks;
    }

    /// <summary>A number as short as it can be read: 0.001 but 1e−6, 20,000 but 3.5M.</summary>
    public static string Number(double value, string format = "0.######")
    {
        var size = Math.Abs(value);
        var text = size == 0 ? "0"
            : size is < 1e-4 or >= 1e12 ? value.ToString("0.##e-0", CultureInfo.InvariantCulture)
            : size >= 1e9 ? (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "B"
            : size >= 1e6 ? (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M"
            : size >= 1e3 ? value.ToString(size >= 1e4 ? "#,0" : "#,0.##", CultureInfo.InvariantCulture)
            : value.ToString(format, CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    private static string Power(double digit, int power) => power is >= -3 and <= 4
        ? Number(digit * Math.Pow(10, power))
        : (digit == 1 ? "" : $"{digit}·") + "10" + Superscript(power);

    private static string Superscript(int power) =>
        string.Concat(power.ToString(CultureInfo.InvariantCulture).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));
}

namespace ImageGen.Training;

/// <summary>Lengths of time that are kept in files as seconds.</summary>
internal static class Durations
{
    /// <summary>
    /// The length that <see cref="TimeSpan.TotalSeconds"/> gave, to the tick (100 ns).
    /// <see cref="TimeSpan.FromSeconds(double)"/> cuts instead of rounding, so that one length in some comes back a
    /// tick shorter.
    /// </summary>
    /// <param name="seconds">Seconds, below a year.</param>
    public static TimeSpan OfSeconds(double seconds) =>
        TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
}

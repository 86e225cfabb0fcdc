using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>How a sampler's timesteps are spaced (Lin and others, arXiv 2305.08891, table 2).</summary>
public enum TimestepSpacing
{
    /// <summary>Multiples of T/n, from the lowest: never quite reaches pure noise.</summary>
    Leading,

    /// <summary>Evenly from the first to the last.</summary>
    Linspace,

    /// <summary>Counted down from the last: reaches pure noise.</summary>
    Trailing,
}

/// <summary>Which of the training's T timesteps a sampler's n steps visit.</summary>
internal static class Timesteps
{
    /// <summary>
    /// n timesteps, each below the one before it, from T − 1 to 0; not rounded where the spacing does not ask for it.
    /// </summary>
    /// <param name="options">n, and how to space them.</param>
    /// <param name="usual">The sampler's own spacing, where the options name none.</param>
    /// <param name="total">T, no fewer than n.</param>
    /// <param name="dropsLast">
    /// Whether one more is spaced and the last, 0, left out, as DPM-Solver does where T has room for it.
    /// </param>
    /// <exception cref="CourseException">The offset shifts the first timestep beyond the schedule's last.</exception>
    internal static double[] Of(SamplerOptions options, TimestepSpacing usual, int total, bool dropsLast = false)
    {
        var n = options.Steps;
        // With one more than T, two of them would be the same, and a step between them would have no length.
        var points = dropsLast ? Math.Min(n + 1, total) : n;
        return (options.Spacing ?? usual) switch
        {
            TimestepSpacing.Leading => Falling(Leading),
            TimestepSpacing.Linspace => Falling(k => points == 1 ? 0 : k * (total - 1.0) / (points - 1)),
            _ => [.. Enumerable.Range(0, n).Select(i => Math.Round(total - i * ((double)total / n)) - 1)],
        };

        double[] Falling(Func<int, double> at) => [.. Enumerable.Range(0, n).Select(i => at(points - 1 - i))];

        double Leading(int k)
        {
            var (timestep, highest) = (k * (total / points) + options.StepsOffset, (points - 1) * (total / points));
            if (highest + options.StepsOffset < total) return timestep;
            throw new CourseException($"StepsOffset is {options.StepsOffset}: {n} leading steps of {total} timesteps "
                + "leave room for "
                + $"{(highest == total - 1 ? "0 only" : $"0 to {total - 1 - highest}")}. Take fewer steps, or another "
                + "Spacing.");
        }
    }
}

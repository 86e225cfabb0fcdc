using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>Which of the training's T timesteps a sampler's n steps visit, as published samplers space them (Lin and others, arXiv 2305.08891, table 2).</summary>
internal static class Timesteps
{
    /// <summary>n timesteps, each below the one before it, from 0 to T − 1; not rounded where the spacing does not ask for it.</summary>
    /// <param name="options">n, and how to space them.</param>
    /// <param name="spacing">The sampler's own where the options name none.</param>
    /// <param name="total">T, no fewer than n.</param>
    /// <param name="beforeLast">Whether one more is spaced and the last, 0, left out, as DPM-Solver does where T has room for it.</param>
    /// <exception cref="CourseException">The offset shifts the first timestep beyond the schedule's last.</exception>
    internal static double[] Of(SamplerOptions options, MomentSpacing spacing, int total, bool beforeLast = false)
    {
        var n = options.Steps;
        // With one more than T, two of them would be the same, and a step between them would have no length.
        var points = beforeLast ? Math.Min(n + 1, total) : n;
        return spacing switch
        {
            MomentSpacing.Leading => Falling(Leading),
            MomentSpacing.Linspace => Falling(k => points == 1 ? 0 : k * (total - 1.0) / (points - 1)),
            _ => [.. Enumerable.Range(0, n).Select(i => Math.Round(total - i * ((double)total / n)) - 1)],
        };

        double[] Falling(Func<int, double> at) => [.. Enumerable.Range(0, n).Select(i => at(points - 1 - i))];

        double Leading(int k)
        {
            var (timestep, highest) = (k * (total / points) + options.Offset, (points - 1) * (total / points));
            if (highest + options.Offset < total) return timestep;
            throw new CourseException($"Offset is {options.Offset}: {n} leading steps of {total} moments leave room for "
                + $"{(highest == total - 1 ? "0 only" : $"0 to {total - 1 - highest}")}. Take fewer steps, or another Spacing.");
        }
    }
}

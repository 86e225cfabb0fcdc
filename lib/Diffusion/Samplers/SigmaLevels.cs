namespace ImageGen.Diffusion;

/// <summary>The noise levels σ of a schedule, between its timesteps too.</summary>
internal sealed class SigmaLevels(NoiseSchedule schedule)
{
    private const double LeastAlphaBar = 1.0 / (1 << 24);

    // Where nothing of the picture is left σ is infinite: as in published samplers, the least ᾱ that fp16 tells from 0
    // stands for none, or less where a longer schedule has come below that already.
    private readonly double[] sigmas = [.. schedule.AlphaBar
        .Select((kept, t) => kept > 0 ? kept : Math.Min(LeastAlphaBar, schedule.AlphaBar[t - 1] / 2))
        .Select(kept => Math.Sqrt((1 - kept) / kept))];

    /// <summary>σ at a timestep; between two whole ones in a straight line.</summary>
    public double At(double timestep)
    {
        var low = (int)Math.Clamp(Math.Floor(timestep), 0, sigmas.Length - 1);
        var high = Math.Min(low + 1, sigmas.Length - 1);
        return sigmas[low] + (timestep - low) * (sigmas[high] - sigmas[low]);
    }

    /// <summary>The timestep of a level, between two whole ones in a straight line of ln σ.</summary>
    public double TimestepOf(double sigma)
    {
        var at = Array.BinarySearch(sigmas, sigma);
        var low = Math.Clamp(at >= 0 ? at : ~at - 1, 0, sigmas.Length - 2);
        var (below, above) = (Math.Log(sigmas[low]), Math.Log(sigmas[low + 1]));
        return low + Math.Clamp((Math.Log(sigma) - below) / (above - below), 0, 1);
    }

    /// <summary>Karras' levels: evenly spaced in σ^(1/7).</summary>
    public static double[] Karras(double highest, double lowest, int count)
    {
        const double rho = 7;
        var (high, low) = (Math.Pow(highest, 1 / rho), Math.Pow(lowest, 1 / rho));
        return [.. Enumerable.Range(0, count).Select(Level)];

        double Level(int i) => Math.Pow(high + (double)i / Math.Max(1, count - 1) * (low - high), rho);
    }
}

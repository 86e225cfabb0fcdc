using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>
/// What a U-Net's training fixed and its sampling must know: the noise schedule and the prediction; and how it is to be
/// sampled where nobody says.
/// </summary>
/// <param name="Betas">How the noise grows.</param>
/// <param name="Prediction">What the U-Net predicts.</param>
/// <param name="TrainTimesteps">T, timesteps of the schedule.</param>
/// <param name="BetaStart">β at timestep 0.</param>
/// <param name="BetaEnd">β at the last timestep.</param>
/// <param name="ZeroTerminalSnr">Whether nothing of the picture is left at the last timestep.</param>
public sealed record DiffusionConfig(
    BetaSchedule Betas, PredictionType Prediction, int TrainTimesteps = 1000,
    double BetaStart = 1e-4, double BetaEnd = 0.02, bool ZeroTerminalSnr = false)
{
    /// <summary>The note of a checkpoint that holds it.</summary>
    public const string Note = "schedule";

    /// <summary>Stable Diffusion 1's.</summary>
    public static DiffusionConfig StableDiffusion { get; } =
        new(BetaSchedule.ScaledLinear, PredictionType.Epsilon, BetaStart: 0.00085, BetaEnd: 0.012)
        {
            Scheduler = "PNDMScheduler", Sampling = new() { StepsOffset = 1, SetAlphaToOne = false },
        };

    /// <summary>The course's own: a cosine and v, which suits small latents.</summary>
    public static DiffusionConfig Petals { get; } = new(BetaSchedule.Cosine, PredictionType.Velocity);

    /// <summary>β at each timestep, in place of <see cref="Betas"/>; null for a curve.</summary>
    public IReadOnlyList<double>? TrainedBetas { get; init; }

    /// <summary>
    /// The sampler it is published with, by diffusers' class name, whether or not the course has it; null for the
    /// course's default.
    /// </summary>
    public string? Scheduler { get; init; }

    /// <summary>What is to be said before it is sampled as <see cref="Scheduler"/> says; null for nothing.</summary>
    internal string? Notice { get; init; }

    /// <summary>How it is published to be sampled; how many steps, and what is predicted, stand elsewhere.</summary>
    public SamplerOptions Sampling { get; init; } = new();

    /// <summary>The schedule.</summary>
    /// <exception cref="CourseException">These numbers are none.</exception>
    public NoiseSchedule Schedule()
    {
        var schedule = TrainedBetas is { } betas ? NoiseSchedule.OfBetas(betas)
            : NoiseSchedule.Of(Betas, TrainTimesteps, BetaStart, BetaEnd);
        return ZeroTerminalSnr ? schedule.WithZeroTerminalSnr() : schedule;
    }

    /// <summary>As a scheduler_config.json that diffusers reads, too.</summary>
    public string ToJson() => SchedulerConfig.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published scheduler_config.json.</summary>
    /// <exception cref="CourseException">
    /// It asks for something that the course has not, or says what it does not know. A sampler that it has not is no
    /// error.
    /// </exception>
    public static DiffusionConfig FromJson(string json, string source) => SchedulerConfig.Read(json, source);
}

using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>What a U-Net's training fixed and its sampling must know: the noise schedule and the prediction; and how it is to be sampled where nobody says.</summary>
/// <param name="Betas">How the noise grows.</param>
/// <param name="Prediction">What the U-Net predicts.</param>
/// <param name="TrainTimesteps">T, timesteps of the schedule.</param>
/// <param name="BetaStart">β at timestep 0.</param>
/// <param name="BetaEnd">β at the last timestep.</param>
/// <param name="ZeroTerminalSnr">Whether nothing of the picture is left at the last timestep.</param>
public sealed record DiffusionConfig(
    BetaSchedule Betas, PredictionType Prediction, int TrainTimesteps = 1000, double BetaStart = 1e-4, double BetaEnd = 0.02, bool ZeroTerminalSnr = false)
{
    /// <summary>The note of a checkpoint that holds it.</summary>
    public const string Note = "schedule";

    private static readonly string[] BetaNames = ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"];
    private static readonly string[] PredictionNames = ["epsilon", "sample", "v_prediction"];
    private static readonly string[] Spacings = ["leading", "linspace", "trailing"];
    private const string ClassKey = "_class_name", SpacingKey = "timestep_spacing", KarrasKey = "use_karras_sigmas";

    /// <summary>Stable Diffusion 1's.</summary>
    public static DiffusionConfig StableDiffusion { get; } = new(BetaSchedule.ScaledLinear, PredictionType.Epsilon, BetaStart: 0.00085, BetaEnd: 0.012)
    {
        Scheduler = "PNDMScheduler", Sampling = new() { StepsOffset = 1, SetAlphaToOne = false },
    };

    /// <summary>The course's own: a cosine and v, which suits small latents.</summary>
    public static DiffusionConfig Petals { get; } = new(BetaSchedule.Cosine, PredictionType.Velocity);

    /// <summary>
    /// The sampler it is published with, by diffusers' class name, whether or not the course has it; null for the course's default. PNDMScheduler
    /// is PLMS, without the Runge-Kutta steps that Stable Diffusion skips, too.
    /// </summary>
    public string? Scheduler { get; init; }

    /// <summary>How it is published to be sampled; how many steps, and what is predicted, stand elsewhere.</summary>
    public SamplerOptions Sampling { get; init; } = new();

    /// <summary>The schedule.</summary>
    public NoiseSchedule Schedule()
    {
        var schedule = NoiseSchedule.Of(Betas, TrainTimesteps, BetaStart, BetaEnd);
        return ZeroTerminalSnr ? schedule.WithZeroTerminalSnr() : schedule;
    }

    /// <summary>As a scheduler_config.json that diffusers reads, too.</summary>
    public string ToJson()
    {
        var json = new Dictionary<string, object>
        {
            ["beta_schedule"] = BetaNames[(int)Betas], ["prediction_type"] = PredictionNames[(int)Prediction], ["num_train_timesteps"] = TrainTimesteps,
            ["beta_start"] = BetaStart, ["beta_end"] = BetaEnd, ["rescale_betas_zero_snr"] = ZeroTerminalSnr,
            ["steps_offset"] = Sampling.StepsOffset, ["set_alpha_to_one"] = Sampling.SetAlphaToOne,
        };
        // Some of diffusers' classes clip, and PNDM takes Runge-Kutta steps, unless told not to.
        if (Scheduler is not null) (json[ClassKey], json["clip_sample"], json["skip_prk_steps"]) = (Scheduler, false, true);
        if (Sampling.Spacing is { } spacing) json[SpacingKey] = Spacings[(int)spacing];
        if (Sampling.KarrasSigmas) json[KarrasKey] = true;
        return JsonSerializer.Serialize(json);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published scheduler_config.json.</summary>
    /// <exception cref="CourseException">It names a schedule, a prediction or a spacing that the course has not. A sampler that it has not is no error.</exception>
    public static DiffusionConfig FromJson(string json, string source)
    {
        var config = ModelConfig.Parse(json, source);
        return new((BetaSchedule)Find("beta_schedule", "linear", BetaNames), (PredictionType)Find("prediction_type", "epsilon", PredictionNames),
            config.Integer("num_train_timesteps", 1000), config.Number("beta_start", 1e-4), config.Number("beta_end", 0.02), config.Truth("rescale_betas_zero_snr", false))
        {
            Scheduler = config.Has(ClassKey) ? config.Word(ClassKey, "") : null,
            Sampling = new()
            {
                StepsOffset = config.Integer("steps_offset", 0), SetAlphaToOne = config.Truth("set_alpha_to_one", true),
                Spacing = config.Has(SpacingKey) ? (TimestepSpacing)Find(SpacingKey, "", Spacings) : null, KarrasSigmas = config.Truth(KarrasKey, false),
            },
        };

        int Find(string name, string otherwise, string[] known)
        {
            var word = config.Word(name, otherwise);
            var at = Array.IndexOf(known, word);
            return at >= 0 ? at : throw new CourseException($"The configuration in {source} has '{name}' \"{word}\"; the course has {string.Join(", ", known)}.");
        }
    }
}

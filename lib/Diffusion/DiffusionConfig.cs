using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>What a U-Net's training fixed and its sampling must know: the noise schedule and the prediction; and how it is to be sampled where nobody says.</summary>
/// <param name="Curve">How the noise grows.</param>
/// <param name="Prediction">What the U-Net predicts.</param>
/// <param name="Steps">Moments of the schedule.</param>
/// <param name="First">β at the first moment.</param>
/// <param name="Last">β at the last moment.</param>
/// <param name="ZeroTerminalSnr">Whether nothing of the picture is left at the last moment.</param>
/// <param name="Offset">Added to leading moments: see <see cref="SamplerOptions.Offset"/>.</param>
/// <param name="EndsClean">Whether DDIM's last step ends at no noise at all.</param>
/// <param name="Scheduler">
/// The sampler it is published with, by diffusers' class name, whether or not the course has it; null for the course's default. PNDMScheduler
/// is PLMS, without the Runge-Kutta steps that Stable Diffusion skips, too.
/// </param>
/// <param name="Spacing">Which moments it is published with; the sampler's usual when null.</param>
/// <param name="Karras">Whether it is published with Karras' noise levels.</param>
public sealed record DiffusionConfig(
    NoiseCurve Curve, Prediction Prediction, int Steps = 1000, double First = 1e-4, double Last = 0.02, bool ZeroTerminalSnr = false,
    int Offset = 0, bool EndsClean = true, string? Scheduler = null, MomentSpacing? Spacing = null, bool Karras = false)
{
    /// <summary>The note of a checkpoint that holds it.</summary>
    public const string Note = "schedule";

    private static readonly string[] Curves = ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"];
    private static readonly string[] PredictionNames = ["epsilon", "sample", "v_prediction"];
    private static readonly string[] Spacings = ["leading", "linspace", "trailing"];
    private const string ClassKey = "_class_name", SpacingKey = "timestep_spacing", KarrasKey = "use_karras_sigmas";

    /// <summary>Stable Diffusion 1's.</summary>
    public static DiffusionConfig StableDiffusion { get; } = new(
        NoiseCurve.ScaledLinear, Prediction.Noise, First: 0.00085, Last: 0.012, Offset: 1, EndsClean: false, Scheduler: "PNDMScheduler");

    /// <summary>The course's own: a cosine and v, which suits small latents.</summary>
    public static DiffusionConfig Petals { get; } = new(NoiseCurve.Cosine, Prediction.Velocity);

    /// <summary>The schedule.</summary>
    public NoiseSchedule Schedule()
    {
        var schedule = NoiseSchedule.Of(Curve, Steps, First, Last);
        return ZeroTerminalSnr ? schedule.WithZeroTerminalSnr() : schedule;
    }

    /// <summary>As a scheduler_config.json that diffusers reads, too.</summary>
    public string ToJson()
    {
        var json = new Dictionary<string, object>
        {
            ["beta_schedule"] = Curves[(int)Curve], ["prediction_type"] = PredictionNames[(int)Prediction], ["num_train_timesteps"] = Steps,
            ["beta_start"] = First, ["beta_end"] = Last, ["rescale_betas_zero_snr"] = ZeroTerminalSnr,
            ["steps_offset"] = Offset, ["set_alpha_to_one"] = EndsClean,
        };
        // Some of diffusers' classes clip, and PNDM takes Runge-Kutta steps, unless told not to.
        if (Scheduler is not null) (json[ClassKey], json["clip_sample"], json["skip_prk_steps"]) = (Scheduler, false, true);
        if (Spacing is { } spacing) json[SpacingKey] = Spacings[(int)spacing];
        if (Karras) json[KarrasKey] = true;
        return JsonSerializer.Serialize(json);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published scheduler_config.json.</summary>
    /// <exception cref="CourseException">It names a schedule, a prediction or a spacing that the course has not. A sampler that it has not is no error.</exception>
    public static DiffusionConfig FromJson(string json, string source)
    {
        var config = ModelConfig.Parse(json, source);
        return new((NoiseCurve)Find("beta_schedule", "linear", Curves), (Prediction)Find("prediction_type", "epsilon", PredictionNames),
            config.Integer("num_train_timesteps", 1000), config.Number("beta_start", 1e-4), config.Number("beta_end", 0.02),
            config.Truth("rescale_betas_zero_snr", false), config.Integer("steps_offset", 0), config.Truth("set_alpha_to_one", true),
            config.Has(ClassKey) ? config.Word(ClassKey, "") : null, config.Has(SpacingKey) ? (MomentSpacing)Find(SpacingKey, "", Spacings) : null,
            config.Truth(KarrasKey, false));

        int Find(string name, string otherwise, string[] known)
        {
            var word = config.Word(name, otherwise);
            var at = Array.IndexOf(known, word);
            return at >= 0 ? at : throw new CourseException($"The configuration in {source} has '{name}' \"{word}\"; the course has {string.Join(", ", known)}.");
        }
    }
}

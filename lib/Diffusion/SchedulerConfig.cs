using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>
/// A scheduler_config.json, as diffusers writes it. What a file does not say means what the class that it names takes
/// for granted; without a class, what the course does.
/// </summary>
internal static class SchedulerConfig
{
    private const string Class = "_class_name";

    private static readonly (string, BetaSchedule)[] BetaSchedules =
    [
        ("linear", BetaSchedule.Linear), ("scaled_linear", BetaSchedule.ScaledLinear),
        ("squaredcos_cap_v2", BetaSchedule.Cosine), ("sigmoid", BetaSchedule.Sigmoid),
    ];
    private static readonly (string, PredictionType)[] PredictionTypes =
    [
        ("epsilon", PredictionType.Epsilon), ("sample", PredictionType.Sample),
        ("v_prediction", PredictionType.Velocity),
    ];
    private static readonly (string, TimestepSpacing?)[] Spacings =
    [
        ("leading", TimestepSpacing.Leading), ("linspace", TimestepSpacing.Linspace),
        ("trailing", TimestepSpacing.Trailing),
    ];
    private static readonly (string, FinalSigma)[] FinalSigmas =
        [("zero", FinalSigma.Zero), ("sigma_min", FinalSigma.SigmaMin)];
    // The log forms are the same variances, reckoned in logarithms.
    private static readonly (string, VarianceType)[] Variances =
    [
        ("fixed_small", VarianceType.FixedSmall), ("fixed_large", VarianceType.FixedLarge),
        ("fixed_small_log", VarianceType.FixedSmall), ("fixed_large_log", VarianceType.FixedLarge),
    ];
    private static readonly (string, SolverAlgorithm)[] Algorithms =
    [
        ("dpmsolver++", SolverAlgorithm.DpmSolverPlusPlus), ("dpmsolver", SolverAlgorithm.DpmSolver),
        ("sde-dpmsolver++", SolverAlgorithm.SdeDpmSolverPlusPlus),
    ];
    // The last three are of DEIS and UniPC, in files that were theirs before: there DPM-Solver takes its usual.
    private static readonly (string, SolverType)[] SolverTypes =
    [
        ("midpoint", SolverType.Midpoint), ("heun", SolverType.Heun),
        ("logrho", SolverType.Midpoint), ("bh1", SolverType.Midpoint), ("bh2", SolverType.Midpoint),
    ];

    /// <param name="json">The text.</param>
    /// <param name="source">The file it stands in, for the error.</param>
    /// <param name="indexed">The class that the folder's model_index.json names: it counts, as it does for
    /// diffusers.</param>
    internal static DiffusionConfig Read(string json, string source, string? indexed = null)
    {
        var config = ModelConfig.Parse(json, source);
        var own = config.Has(Class) ? config.Word(Class, "") : null;
        // For a model without a class of its own the course has written this one there.
        var name = own is null && indexed == ModelIndex.Unnamed ? null : indexed ?? own;
        var kind = name is null ? null : Sampler.OfClass(name);
        var (start, end) = kind == SamplerKind.Heun ? (0.00085, 0.012) : (1e-4, 0.02);
        var read = new DiffusionConfig(
            config.Choice("beta_schedule", BetaSchedule.Linear, BetaSchedules),
            config.Choice("prediction_type", PredictionType.Epsilon, PredictionTypes),
            config.Integer("num_train_timesteps", 1000),
            config.Number("beta_start", start), config.Number("beta_end", end),
            config.Truth("rescale_betas_zero_snr", false))
        {
            Scheduler = name,
            Notice = own is null || own == name ? null
                : $"{source} is of a {own}, and model_index.json beside it names a {name}: "
                + "that is taken, as diffusers does.",
            TrainedBetas = config.Has("trained_betas") ? config.Numbers("trained_betas") : null,
            Sampling = new()
            {
                Spacing = config.Choice("timestep_spacing", null, Spacings),
                StepsOffset = config.Integer("steps_offset", 0),
                // diffusers' ancestral Euler has no such levels, whatever its file says.
                KarrasSigmas = config.Truth("use_karras_sigmas", false) && kind != SamplerKind.EulerAncestral,
                SetAlphaToOne = config.Truth("set_alpha_to_one", kind != SamplerKind.Plms),
            },
        };
        if (read.TrainedBetas is { } betas && betas.Count != read.TrainTimesteps)
            throw config.Error($"has {betas.Count} 'trained_betas' for {read.TrainTimesteps} 'num_train_timesteps': "
                + "there must be as many.");
        var schedule = config.Checked(read.Schedule);
        // One that the course has not has options of its own; another sampler takes its place.
        if (name is not null && kind is null) return read;
        read = read with { Sampling = Options(config, read.Sampling, kind) };
        Refuse(config);
        config.End(name is null ? "noise schedules" : $"a {name}");
        return config.Checked(() =>
        {
            (read.Sampling with { Steps = 1, Prediction = read.Prediction }).Check(schedule);
            return read;
        });
    }

    private static SamplerOptions Options(ModelConfig config, SamplerOptions read, SamplerKind? kind)
    {
        var clips = config.Truth("clip_sample", kind is SamplerKind.Ddpm or SamplerKind.Ddim);
        var range = config.Number("clip_sample_range", 1);
        var threshold = config.Truth("thresholding", false);
        var thresholding = new DynamicThresholding(
            config.Number("dynamic_thresholding_ratio", 0.995), config.Number("sample_max_value", 1));
        return read with
        {
            ClipSampleRange = clips ? range : null, Thresholding = threshold ? thresholding : null,
            FinalSigma = config.Choice("final_sigmas_type", FinalSigma.Zero, FinalSigmas),
            Variance = config.Choice("variance_type", VarianceType.FixedSmall, Variances),
            Algorithm = config.Choice("algorithm_type", SolverAlgorithm.DpmSolverPlusPlus, Algorithms),
            SolverOrder = config.Integer("solver_order", 2),
            SolverType = config.Choice("solver_type", SolverType.Midpoint, SolverTypes),
            LowerOrderFinal = config.Truth("lower_order_final", true),
            EulerAtFinal = config.Truth("euler_at_final", false),
            SkipPrkSteps = config.Truth("skip_prk_steps", kind != SamplerKind.Plms),
        };
    }

    // What the course has not is refused by name; what changes nothing is listed with its reason.
    private static void Refuse(ModelConfig config)
    {
        config.Only("false", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas", "use_flow_sigmas",
            "use_dynamic_shifting");
        config.Only("-Infinity", "lambda_min_clipped");
        config.Only("null", "sigma_min", "sigma_max");
        config.Only("linear", "interpolation_type");
        config.Only("discrete", "timestep_type");
        config.Only("true", "predict_epsilon"); // early DDPM's name for the prediction
        config.Ignore("_diffusers_version", "_name_or_path"); // where the file comes from
        config.Ignore("flow_shift", "time_shift_type"); // of flow sigmas and dynamic shifting, which are refused
        config.Ignore("tensor_format"); // once chose between NumPy and PyTorch
        // diffusers leaves in a file what the scheduler had that was there before; the class that is named does not
        // read it.
        config.Ignore("predict_x0", "solver_p", "disable_corrector"); // UniPC's
        config.Ignore("original_inference_steps", "timestep_scaling"); // LCM's
        config.Ignore("noise_sampler_seed"); // DPM-Solver SDE's
    }

    internal static string Write(DiffusionConfig config)
    {
        var sampling = config.Sampling;
        var json = new Dictionary<string, object>
        {
            ["beta_schedule"] = Word(BetaSchedules, config.Betas),
            ["prediction_type"] = Word(PredictionTypes, config.Prediction),
            ["num_train_timesteps"] = config.TrainTimesteps,
            ["beta_start"] = config.BetaStart, ["beta_end"] = config.BetaEnd,
            ["rescale_betas_zero_snr"] = config.ZeroTerminalSnr,
            ["steps_offset"] = sampling.StepsOffset, ["set_alpha_to_one"] = sampling.SetAlphaToOne,
        };
        if (config.TrainedBetas is { } betas) json["trained_betas"] = betas;
        if (sampling.Spacing is { } spacing) json["timestep_spacing"] = Word(Spacings, spacing);
        if (sampling.KarrasSigmas) json["use_karras_sigmas"] = true;
        if (config.Scheduler is null) return JsonSerializer.Serialize(json);
        // Each class takes other things for granted: so all is said.
        json[Class] = config.Scheduler;
        json["clip_sample"] = sampling.ClipSampleRange is not null;
        json["clip_sample_range"] = sampling.ClipSampleRange ?? 1;
        json["thresholding"] = sampling.Thresholding is not null;
        if (sampling.Thresholding is { } bounds)
            (json["dynamic_thresholding_ratio"], json["sample_max_value"]) = (bounds.Ratio, bounds.MaxValue);
        json["final_sigmas_type"] = Word(FinalSigmas, sampling.FinalSigma);
        json["variance_type"] = Word(Variances, sampling.Variance);
        json["algorithm_type"] = Word(Algorithms, sampling.Algorithm);
        json["solver_order"] = sampling.SolverOrder;
        json["solver_type"] = Word(SolverTypes, sampling.SolverType);
        json["lower_order_final"] = sampling.LowerOrderFinal;
        json["euler_at_final"] = sampling.EulerAtFinal;
        json["skip_prk_steps"] = sampling.SkipPrkSteps;
        return JsonSerializer.Serialize(json);
    }

    private static string Word<T>((string Word, T Value)[] known, T value) =>
        known.First(each => Equals(each.Value, value)).Word;
}

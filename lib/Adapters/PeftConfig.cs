using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Adapters;

/// <summary>
/// What makes the strength of a LoRA in peft's words: an adapter_config.json beside the file, or the same in a note of
/// the
/// file's own header, as diffusers writes it.
/// </summary>
/// <param name="Rank">Rank of the layers that no pattern names.</param>
/// <param name="Alpha">α of those; as large as the rank when null.</param>
/// <param name="RankStabilized">Whether the scale is α/√r.</param>
/// <param name="Dora">Whether there are magnitudes.</param>
internal sealed record PeftConfig(int Rank, double? Alpha, bool RankStabilized, bool Dora)
{
    internal const string FileName = "adapter_config.json", Note = "lora_adapter_metadata";

    private const int PeftsRank = 8, PeftsAlpha = 8; // where a config says nothing

    // For training, for finding the layers and for people: the file's own names say which layers there are.
    private static readonly HashSet<string> WithoutEffect =
    [
        "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "modules_to_save",
            "lora_dropout", "bias", "inference_mode", "task_type",
        "base_model_name_or_path", "revision", "auto_mapping", "peft_version", "runtime_config", "fan_in_fan_out",
            "ensure_weight_tying", "megatron_core",
        "loftq_config", "eva_config", "corda_config", "lora_ga_config", "velora_config", "qalora_group_size",
    ];

    // These change the model's own weights before anything is learned: what was learned fits the changed ones alone.
    private static readonly string[] ChangingStarts = ["pissa", "olora", "corda", "loftq", "lora_ga", "mica"];

    /// <summary>Ranks of layers by patterns; written for peft, and not asked when a file is read, whose matrices have
    /// their ranks.</summary>
    internal IReadOnlyList<(string Pattern, double Value)> Ranks { get; init; } = [];

    /// <summary>α of layers by patterns, which are regular expressions for the end of a path.</summary>
    internal IReadOnlyList<(string Pattern, double Value)> Alphas { get; init; } = [];

    /// <summary>s of a layer.</summary>
    internal double ScaleOf(string path, int rank) =>
        (Find(Alphas, path) ?? Alpha ?? rank) / (RankStabilized ? Math.Sqrt(rank) : rank);

    /// <summary>The one that belongs to a file: beside it in peft's layout, in its header in diffusers'; null where
    /// there is none.</summary>
    /// <exception cref="CourseException">It is damaged, or of another kind of adapter.</exception>
    internal static PeftConfig? Of(WeightFile file, LoraLayout layout, LoraPart part)
    {
        if (file.Metadata.TryGetValue(Note, out var note))
        {
            var start = part == LoraPart.UNet ? "unet." : "text_encoder.";
            var mine = Parse(note, $"The note {Note} in {file.Path}")
                .Where(pair => pair.Key.StartsWith(start, StringComparison.Ordinal))
                .Select(pair => KeyValuePair.Create(pair.Key[start.Length..], pair.Value?.DeepClone())).ToList();
            if (mine.Count > 0) return Read(new(mine), $"The note {Note} in {file.Path}");
        }
        var path = PathBeside(file.Path);
        if (layout != LoraLayout.Peft || !File.Exists(path)) return null;
        try
        {
            return Read(Parse(File.ReadAllText(path), path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"{path}, which belongs to the LoRA beside it, cannot be read: {error.Message}",
                error);
        }
    }

    private static JsonObject Parse(string text, string source)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject found)
            {
                _ = found.Count; // names that stand twice are seen now
                return found;
            }
            throw new CourseException($"{source}, which belongs to the LoRA, cannot be read: it is no JSON object.");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new CourseException($"{source}, which belongs to the LoRA beside it, cannot be read: " +
                $"{error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private static PeftConfig Read(JsonObject json, string source)
    {
        try
        {
            if (Text("peft_type") is { } kind
                && kind != "LORA") throw new CourseException($"{source} describes an adapter of the kind {kind}; the " +
                    $"course reads LORA.");
            if (json["init_lora_weights"] is JsonValue start && start.TryGetValue(out string? name)
                && ChangingStarts.Any(word => name.StartsWith(word, StringComparison.OrdinalIgnoreCase)))
                throw new CourseException($"{source} says that the model's own weights were changed first " +
                    $"(init_lora_weights: {name}): convert the adapter to a plain LoRA with peft, and use that.");
            foreach (var (key, value) in json)
                if (key is not ("peft_type" or "r" or "lora_alpha" or "use_rslora" or "use_dora" or "rank_pattern"
                    or "alpha_pattern" or "init_lora_weights") && !WithoutEffect.Contains(key) && IsSet(value))
                    throw new CourseException($"{source} has '{key}' {value!.ToJsonString()}, which changes a LoRA " +
                        $"in a way that the course does not know.");
            var config = new PeftConfig((int?)json["r"] ?? PeftsRank, json.ContainsKey("lora_alpha")
                ? (double?)json["lora_alpha"] : PeftsAlpha, (bool?)json["use_rslora"] ?? false, (bool?)json["use_dora"]
                ?? false)
            {
                Alphas = Patterns("alpha_pattern"),
            };
            foreach (var (alpha, where) in config.Alphas.Select(pair => ((double?)pair.Value, pair.Pattern))
                .Append((config.Alpha, "lora_alpha")))
                if (alpha is { } number && !(number > 0
                    && double.IsFinite(number))) throw new CourseException($"{source} has an alpha that is no number " +
                        $"above 0: {where} {number}.");
            return config;
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or ArgumentException)
        {
            throw new CourseException($"{source}, which belongs to the LoRA, cannot be read: " +
                $"{error.Message.ReplaceLineEndings(" ")}", error);
        }

        string? Text(string key) => (string?)json[key];

        IReadOnlyList<(string, double)> Patterns(string key) => json[key] is JsonObject patterns
            ? [.. patterns.Select(pair => (pair.Key, (double)pair.Value!))] : [];
    }

    private static bool IsSet(JsonNode? value) => value switch
    {
        null => false,
        JsonObject { Count: 0 } or JsonArray { Count: 0 } => false,
        JsonValue plain => !(plain.TryGetValue(out bool truth) && !truth)
            && !(plain.TryGetValue(out string? text) && text.Length == 0),
        _ => true,
    };

    // The first that matches, as peft looks: the whole path, or its end after a dot. A pattern that takes long to match
    // is refused.
    private static double? Find(IReadOnlyList<(string Pattern, double Value)> patterns, string path)
    {
        foreach (var (pattern, value) in patterns)
        {
            try
            {
                if (Regex.IsMatch(path, $@"\A(.*\.)?({pattern})$", RegexOptions.CultureInvariant,
                    TimeSpan.FromSeconds(1))) return value;
            }
            catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
            {
                throw new CourseException($"The pattern '{pattern}' for layers of the LoRA cannot be used: " +
                    $"{error.Message.ReplaceLineEndings(" ")}", error);
            }
        }
        return null;
    }

    /// <summary>Writes it beside a file.</summary>
    internal void WriteBeside(string path, IEnumerable<string> targets, IEnumerable<string> whole) =>
        File.WriteAllText(PathBeside(path), JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["peft_type"] = "LORA", ["r"] = Rank, ["lora_alpha"] = Alpha, ["use_rslora"] = RankStabilized,
            ["use_dora"] = Dora, ["lora_dropout"] = 0.0, ["bias"] = "none",
        ["rank_pattern"] = Ranks.ToDictionary(pair => pair.Pattern, pair => (int)pair.Value),
            ["alpha_pattern"] = Alphas.ToDictionary(pair => pair.Pattern, pair => pair.Value),
        ["target_modules"] = targets, ["modules_to_save"] = whole.Any() ? whole : null,
    }, new JsonSerializerOptions { WriteIndented = true }) + "\n");

    private static string PathBeside(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, FileName);
}

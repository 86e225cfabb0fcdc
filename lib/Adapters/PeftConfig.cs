using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Adapters;

/// <summary>The adapter_config.json that lies beside a LoRA in peft's layout: rank, α, and how they make the scale.</summary>
internal sealed record PeftConfig(int Rank, double Alpha, bool RankStabilized)
{
    internal const string FileName = "adapter_config.json";

    /// <summary>s.</summary>
    internal double ScaleOf(int rank) => Alpha / (RankStabilized ? Math.Sqrt(rank) : rank);

    /// <summary>Reads the one beside a file; null where there is none.</summary>
    /// <exception cref="CourseException">It is damaged, or of another kind of adapter.</exception>
    internal static PeftConfig? Beside(string path)
    {
        var file = PathBeside(path);
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            var root = json.RootElement;
            if (root.TryGetProperty("peft_type", out var type) && type.GetString() != "LORA")
                throw new CourseException($"{file} describes an adapter of the kind {type.GetString()}; the course reads LORA.");
            var rank = root.GetProperty("r").GetInt32();
            return new(rank, root.TryGetProperty("lora_alpha", out var alpha) ? alpha.GetDouble() : rank, root.TryGetProperty("use_rslora", out var stable) && stable.GetBoolean());
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException)
        {
            throw new CourseException($"{file}, which belongs to the LoRA beside it, cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Writes it beside a file.</summary>
    internal void WriteBeside(string path, IEnumerable<string> targets) => File.WriteAllText(PathBeside(path), JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["peft_type"] = "LORA", ["r"] = Rank, ["lora_alpha"] = Alpha, ["use_rslora"] = RankStabilized, ["lora_dropout"] = 0.0, ["bias"] = "none",
        ["target_modules"] = targets,
    }, new JsonSerializerOptions { WriteIndented = true }) + "\n");

    private static string PathBeside(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, FileName);
}

using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Adapters;

/// <summary>What must be the same when a fine-tuning goes on; it lies beside the state. Data is what the encoded pictures, captions and model are known by.</summary>
internal sealed record FineTuneSettings(string Data, int Rank, int BatchSize, double LearningRate, bool Quantize, int Seed)
{
    private const string FileName = "settings.json";

    internal void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this) + "\n");

    /// <exception cref="CourseException">Something is not as it was: the line names it.</exception>
    internal void Require(string folder)
    {
        var before = Read(Path.Combine(folder, FileName));
        if (before.Data != Data)
            throw new CourseException($"The training in {folder} had other pictures, captions, resolution, type or model: go on with the same, or start anew without resuming.");
        foreach (var (name, was, now) in new (string, object, object)[]
                 {
                     (nameof(Rank), before.Rank, Rank), (nameof(BatchSize), before.BatchSize, BatchSize), (nameof(LearningRate), before.LearningRate, LearningRate),
                     (nameof(Quantize), before.Quantize, Quantize), (nameof(Seed), before.Seed, Seed),
                 })
            if (!was.Equals(now)) throw new CourseException($"{name} is {now}, and {was} in the training in {folder}: go on with the same, or start anew without resuming.");
    }

    private static FineTuneSettings Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<FineTuneSettings>(File.ReadAllText(path)) ?? throw new JsonException("it is empty");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CourseException($"There is no training to go on with: {path} cannot be read ({error.Message.ReplaceLineEndings(" ")}). Start anew without resuming.", error);
        }
    }
}

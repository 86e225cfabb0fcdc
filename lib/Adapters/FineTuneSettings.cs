using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Adapters;

/// <summary>
/// What must be the same when a fine-tuning goes on; it lies beside the state. Data is what the model, the captions and those
/// pictures that so many Steps look at are known by.
/// </summary>
internal sealed record FineTuneSettings(string Data, int Steps, int Rank, int BatchSize, double LearningRate, bool Quantize, int Seed)
{
    private const string FileName = "settings.json";

    internal void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this) + "\n");

    /// <param name="folder">Where the state is.</param>
    /// <param name="dataOf">The data of so many steps as it is now: there may be more steps than before, but not other pictures.</param>
    /// <exception cref="CourseException">Something is not as it was: the line names it.</exception>
    internal void Require(string folder, Func<int, string> dataOf)
    {
        var before = Read(Path.Combine(folder, FileName));
        foreach (var (name, was, now) in new (string, object, object)[]
                 {
                     (nameof(Rank), before.Rank, Rank), (nameof(BatchSize), before.BatchSize, BatchSize), (nameof(LearningRate), before.LearningRate, LearningRate),
                     (nameof(Quantize), before.Quantize, Quantize), (nameof(Seed), before.Seed, Seed),
                 })
            if (!was.Equals(now)) throw new CourseException($"{name} is {now}, and {was} in the training in {folder}: go on with the same, or start anew without resuming.");
        if (before.Data != dataOf(before.Steps))
            throw new CourseException($"The training in {folder} had other pictures, captions, resolution, type or model: go on with the same, or start anew without resuming.");
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

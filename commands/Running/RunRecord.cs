using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Runtime;

namespace ImageGen.Course.Running;

/// <summary>What an executed notebook says about its execution, in its metadata.</summary>
/// <param name="Scale">The scale it ran at.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="PeakBytes">The most memory its process had.</param>
/// <param name="Outcome">How it ended.</param>
public sealed record RunRecord(Scale Scale, double Seconds, long PeakBytes, LessonOutcome Outcome)
{
    /// <summary>A notebook's record; null when it has none that can be read.</summary>
    public static RunRecord? Of(Notebook notebook) =>
        notebook.Metadata[Notebook.OwnMetadata] is JsonObject own
        && Enum.TryParse<Scale>((string?)own["scale"], ignoreCase: true, out var scale)
        && own["seconds"] is JsonValue value && value.TryGetValue<double>(out var seconds)
            ? new RunRecord(scale, seconds, (long)(((double?)own["peakMegabytes"] ?? 0) * 1e6),
                Enum.TryParse<LessonOutcome>((string?)own["outcome"], ignoreCase: true, out var outcome)
                    ? outcome
                    : LessonOutcome.Passed)
            : null;

    /// <summary>Writes the record into a notebook.</summary>
    public void AddTo(Notebook notebook)
    {
        var own = NotebookCell.Child(notebook.Metadata, Notebook.OwnMetadata);
        own["scale"] = Scale.ToString().ToLowerInvariant();
        own["seconds"] = Math.Round(Seconds, 1);
        own["peakMegabytes"] = Math.Round(PeakBytes / 1e6);
        own["outcome"] = Outcome.ToString().ToLowerInvariant();
    }
}

/// <summary>What an executed code cell says about its execution.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="Code">The hash of the code that made its outputs, where it was published; see CodeHash.</param>
public sealed record CellRecord(double Seconds, string? Code = null)
{
    /// <summary>The record as metadata.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["seconds"] = Math.Round(Seconds, 2) };
        if (Code is not null) json["code"] = Code;
        return json;
    }
}

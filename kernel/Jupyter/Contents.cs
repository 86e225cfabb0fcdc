using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Asks to run a cell.</summary>
internal sealed record ExecuteContent(
    string Code, bool Silent =
        false, bool? StoreHistory =
            null, Dictionary<string, string>? UserExpressions = null, bool AllowStdin = false, bool StopOnError = true)
{
    /// <summary>Whether the cell gets a number and is remembered; a silent one never.</summary>
    public bool IsCounted => (StoreHistory ?? !Silent) && !Silent;
}

/// <summary>Asks what could stand at the cursor, which is counted in Unicode characters.</summary>
internal sealed record CompleteContent(string Code, int CursorPos);

/// <summary>Asks what stands at the cursor.</summary>
internal sealed record InspectContent(string Code, int CursorPos, int DetailLevel = 0);

/// <summary>Asks whether a text is a whole cell.</summary>
internal sealed record IsCompleteContent(string Code);

/// <summary>Asks for earlier inputs.</summary>
internal sealed record HistoryContent(
    string HistAccessType, bool Output =
        false, bool Raw =
            true, int Session =
                0, int Start = 0, int? Stop = null, int? N = null, string? Pattern = null, bool Unique = false);

/// <summary>Opens a channel for widgets, of which this kernel has none.</summary>
internal sealed record CommOpenContent(string CommId, string TargetName);

/// <summary>Asks to end, perhaps to start again.</summary>
internal sealed record ShutdownContent(bool Restart = false);

/// <summary>What the student typed.</summary>
internal sealed record InputContent(string Value);

/// <summary>Reads contents, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy =
        JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations =
            true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExecuteContent))]
[JsonSerializable(typeof(CompleteContent))]
[JsonSerializable(typeof(InspectContent))]
[JsonSerializable(typeof(IsCompleteContent))]
[JsonSerializable(typeof(HistoryContent))]
[JsonSerializable(typeof(CommOpenContent))]
[JsonSerializable(typeof(ShutdownContent))]
[JsonSerializable(typeof(InputContent))]
internal sealed partial class Contents : JsonSerializerContext
{
    /// <summary>The content of a request as its record.</summary>
    /// <exception cref="BadMessageException">A field is missing or of another type.</exception>
    public static T Of<T>(Request request)
    {
        try { return (T)request.Content.Deserialize(typeof(T), Default)!; }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BadMessageException($"the content of {request.MessageType} is wrong: "
                + $"{error.Message.ReplaceLineEndings("\n").Split('\n')[0]}");
        }
    }
}

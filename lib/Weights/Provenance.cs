using System.Text.Encodings.Web;
using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>How a checkpoint was made, so that anybody can make it again.</summary>
public sealed record Provenance
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The checkpoint's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in a sentence.</summary>
    public required string About { get; init; }

    /// <summary>The command that made it.</summary>
    public required string Command { get; init; }

    /// <summary>The commit whose code ran.</summary>
    public required string Commit { get; init; }

    /// <summary>Where chance began.</summary>
    public required int Seed { get; init; }

    /// <summary>Optimizer steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of training, by the clock.</summary>
    public required double Seconds { get; init; }

    /// <summary>The machine.</summary>
    public required string Hardware { get; init; }

    /// <summary>What it was trained on.</summary>
    public required string Data { get; init; }

    /// <summary>The figures measured at the end, by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Bytes of the weights file.</summary>
    public required long Bytes { get; init; }

    /// <summary>The weights file's hash, in lowercase hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Reads the file that <see cref="Write"/> wrote.</summary>
    /// <exception cref="CourseException">It is missing, or not a provenance.</exception>
    public static Provenance Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Provenance>(File.ReadAllText(path), Form)!;
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new CourseException($"The provenance {path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes it as JSON.</summary>
    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Form) + "\n");
}

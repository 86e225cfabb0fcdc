using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>A config.json as published with a model: what it says, asked for by name.</summary>
internal sealed class ModelJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly string path;
    private readonly JsonElement json;

    private ModelJson(string path, JsonElement json) => (this.path, this.json) = (path, json);

    internal static ModelJson Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The configuration {path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads UTF-8 text; <paramref name="path"/> is where it came from, for messages.</summary>
    internal static ModelJson Parse(ReadOnlyMemory<byte> text, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return new(path, document.RootElement.Clone());
            throw new CourseException($"The configuration {path} is not a JSON object.");
        }
        catch (JsonException error)
        {
            throw new CourseException($"The configuration {path} is not JSON: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    internal static string Text(IReadOnlyDictionary<string, object> values) => JsonSerializer.Serialize(values, Indented) + "\n";

    /// <summary>Writes it whole or not at all.</summary>
    internal static void Write(string path, IReadOnlyDictionary<string, object> values) => WriteText(path, Text(values));

    internal static void WriteText(string path, string text)
    {
        var partial = path + ".partial";
        try
        {
            File.WriteAllText(partial, text);
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The file {path} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>An object inside this one, such as CLIP's text_config; this one itself where there is none.</summary>
    internal ModelJson Part(string name) =>
        json.TryGetProperty(name, out var part) && part.ValueKind == JsonValueKind.Object ? new(path, part) : this;

    internal bool Has(string name) => json.TryGetProperty(name, out _);

    internal int Integer(string name, int? otherwise = null) =>
        !json.TryGetProperty(name, out var value) && otherwise is { } number ? number
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var found) ? found
        : throw new CourseException($"The configuration {path} needs a whole number '{name}'{Instead(value)}.");

    internal double Number(string name, double otherwise) =>
        !json.TryGetProperty(name, out var value) ? otherwise
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : throw new CourseException($"The configuration {path} needs a number '{name}'{Instead(value)}.");

    internal bool Truth(string name, bool otherwise) =>
        !json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw new CourseException($"The configuration {path} needs true or false for '{name}'{Instead(value)}.");

    /// <summary>Refuses a model of another kind; a setting that is not there is the expected one.</summary>
    internal void Expect(string name, string expected)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.String && value.GetString() == expected) return;
        throw new CourseException($"The configuration {path} has '{name}' {value.GetRawText()}; the course's model has \"{expected}\" and no other.");
    }

    internal static void AtLeastOne(params ReadOnlySpan<(string Name, int Value)> options)
    {
        foreach (var (name, value) in options)
            if (value < 1) throw new CourseException($"{name} is {value}: it must be at least 1.");
    }

    private static string Instead(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? ", and has none" : $", not {value.GetRawText()}";
}

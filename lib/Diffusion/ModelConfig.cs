using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>A model's configuration, from a config.json or from the notes of a checkpoint: what it says, asked for by name.</summary>
internal sealed class ModelConfig
{
    private readonly JsonElement json;
    private readonly string source;

    private ModelConfig(JsonElement json, string source) => (this.json, this.source) = (json, source);

    internal static ModelConfig Parse(string text, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return new(document.RootElement.Clone(), source);
            throw new CourseException($"The configuration in {source} is not a JSON object.");
        }
        catch (JsonException error)
        {
            throw new CourseException($"The configuration in {source} is not JSON: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Whether it says anything about this; null says nothing.</summary>
    internal bool Has(string name) => Find(name) is not null;

    private JsonElement? Find(string name) => json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal int Integer(string name, int otherwise) =>
        Find(name) is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var found) ? found
        : throw Wrong(name, "a whole number", value);

    internal double Number(string name, double otherwise) =>
        Find(name) is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : throw Wrong(name, "a number", value);

    /// <summary>A yes or no, written as true and false.</summary>
    internal bool Truth(string name, bool otherwise) =>
        Find(name) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(name, "true or false", value);

    internal string Word(string name, string otherwise) =>
        Find(name) is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Wrong(name, "a word", value);

    /// <summary>A list of whole numbers; one number alone is a list of one.</summary>
    internal int[] Integers(string name, int[]? otherwise = null) => List(name, otherwise, "whole numbers",
        value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null as int?);

    internal string[] Words(string name) => List<string>(name, null, "words", value => value.ValueKind == JsonValueKind.String ? value.GetString() : null);

    private T[] List<T>(string name, T[]? otherwise, string what, Func<JsonElement, object?> read)
    {
        if (Find(name) is not { } value)
            return otherwise ?? throw new CourseException($"The configuration in {source} needs '{name}', a list of {what}, and has none.");
        object?[] found = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(read)] : [read(value)];
        return found.All(item => item is T) ? [.. found.Cast<T>()] : throw Wrong(name, $"a list of {what}", value);
    }

    private CourseException Wrong(string name, string what, JsonElement value) =>
        new($"The configuration in {source} needs {what} for '{name}', not {value.GetRawText()}.");
}

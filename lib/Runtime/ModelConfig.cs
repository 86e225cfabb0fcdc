using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ImageGen.Runtime;

/// <summary>
/// A model's configuration, from a config.json or from the notes of a checkpoint: what it says, asked for by name.
/// Nothing is read past in silence: <see cref="End"/> refuses what nobody asked for.
/// </summary>
internal sealed partial class ModelConfig
{
    private const int Most = 65_536, MostTokens = 1 << 24;

    private readonly JsonElement json;
    private readonly string source;
    private readonly HashSet<string> asked = [];

    private ModelConfig(JsonElement json, string source) => (this.json, this.source) = (json, source);

    /// <exception cref="CourseException">The file cannot be read, or is no JSON object.</exception>
    internal static ModelConfig Load(string path) =>
        Parse(JsonFile.Text(path) ?? throw new CourseException($"The configuration {path} cannot be read: there is no "
            + "such file."), path);

    /// <param name="text">JSON.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    internal static ModelConfig Parse(string text, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(NotNumbers().Replace(text, "\"$1\""));
            var root = document.RootElement;
            Touch(root);
            if (root.ValueKind == JsonValueKind.Object) return new(root.Clone(), source);
            throw new CourseException($"The configuration in {source} is not a JSON object.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CourseException($"The configuration in {source} is not JSON: "
                + $"{error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    // Half a character, written as an escape, is found only when a text is asked for.
    private static void Touch(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) value.GetString();
        else if (value.ValueKind == JsonValueKind.Array)
            foreach (var item in value.EnumerateArray()) Touch(item);
        else if (value.ValueKind == JsonValueKind.Object)
            foreach (var property in value.EnumerateObject())
            {
                _ = property.Name;
                Touch(property.Value);
            }
    }

    /// <summary>Whether it says anything about this; null says nothing.</summary>
    internal bool Has(string name) => Find(name) is not null;

    /// <summary>An object inside this one, such as CLIP's text_config; null where there is none.</summary>
    internal ModelConfig? Part(string name) =>
        Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new(value, $"{source}, {name},")
        : throw Wrong(name, "an object", value);

    /// <summary>What it says, by name.</summary>
    internal IEnumerable<string> Names => json.EnumerateObject().Select(property => property.Name);

    /// <summary>A whole number; without another to take, it must be there.</summary>
    internal int Integer(string name, int? otherwise = null) =>
        Find(name) is not { } value ? otherwise ?? throw Error($"needs a whole number for '{name}', and has none.")
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

    /// <summary>A word, or an object that has it under another name.</summary>
    internal string Word(string name, string otherwise, string inside) =>
        Find(name) is { ValueKind: JsonValueKind.Object } ? Part(name)!.Word(inside, otherwise)
            : Word(name, otherwise);

    /// <summary>One of some words, and what it stands for.</summary>
    internal T Choice<T>(string name, T otherwise, params ReadOnlySpan<(string Word, T Value)> known)
    {
        if (!Has(name)) return otherwise;
        var word = Word(name, "");
        foreach (var (each, value) in known)
            if (each == word) return value;
        var words = new List<string>();
        foreach (var (each, _) in known) words.Add(each);
        throw new CourseException($"The configuration in {source} has '{name}' \"{word}\"; the course has "
            + $"{string.Join(", ", words)}.");
    }

    /// <summary>A list of whole numbers; one number alone is a list of one.</summary>
    internal int[] Integers(string name, int[]? otherwise = null) => List(name, otherwise, "whole numbers",
        value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null as int?);

    /// <summary>A whole number, or a list that has it at every resolution.</summary>
    internal int Same(string name, int otherwise) => Integers(name, [otherwise]) switch
    {
        [var first, .. var rest] when rest.All(value => value == first) => first,
        var several => throw Error($"has '{name}' [{string.Join(", ", several)}]; the course has one for all."),
    };

    internal double[] Numbers(string name) => List<double>(name, null, "numbers",
        value => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null);

    internal string[] Words(string name, string[]? otherwise = null) =>
        List(name, otherwise, "words", value => value.ValueKind == JsonValueKind.String ? value.GetString() : null);

    /// <summary>Refuses any value but the one that the course has, given as JSON; what says nothing means it.</summary>
    internal void Only(string value, params ReadOnlySpan<string> names)
    {
        foreach (var name in names) Only(name, value);
    }

    private void Only(string name, string value)
    {
        if (Find(name) is not { } found) return;
        var raw = found.GetRawText();
        if (raw == value || raw == $"\"{value}\"") return;
        var isNumber = found.ValueKind == JsonValueKind.Number;
        if (isNumber && double.TryParse(value, CultureInfo.InvariantCulture, out var known)
            && found.GetDouble() == known) return;
        throw new CourseException($"The configuration in {source} has '{name}' {raw}; the course has "
            + $"{(value == "null" ? "nothing of the kind" : $"only {value}")}.");
    }

    /// <summary>Names that change nothing here; the reason stands beside the call.</summary>
    internal void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names) asked.Add(name);
    }

    /// <summary>Refuses what nobody asked for.</summary>
    /// <param name="kind">What the configuration is of.</param>
    internal void End(string kind)
    {
        foreach (var property in json.EnumerateObject())
            if (property.Value.ValueKind != JsonValueKind.Null && !asked.Contains(property.Name))
                throw new CourseException($"The configuration in {source} has '{property.Name}', which the course does "
                    + $"not know of {kind}: "
                    + "the model may not be what it seems. Take it out of the file if it changes nothing.");
    }

    /// <summary>Refuses sizes that no vocabulary has.</summary>
    internal static void Vocabulary(string name, int count)
    {
        if (count is < 1 or > MostTokens) throw new CourseException($"{name} is {count}: it must be from 1 to {MostTokens}.");
    }

    /// <summary>Refuses counts that no network has, before the native library is asked for it.</summary>
    internal static void Within(params ReadOnlySpan<(string Name, int Count)> counts)
    {
        foreach (var (name, count) in counts)
            if (count is < 1 or > Most) throw new CourseException($"{name} is {count}: it must be from 1 to {Most}.");
    }

    /// <summary>What is made of it, and checked: an error names the file, too.</summary>
    internal T Checked<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (CourseException error)
        {
            throw Error($"is wrong. {error.Message}");
        }
    }

    internal CourseException Error(string what) => new($"The configuration in {source} {what}");

    private JsonElement? Find(string name)
    {
        asked.Add(name);
        return json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private T[] List<T>(string name, T[]? otherwise, string what, Func<JsonElement, object?> read)
    {
        if (Find(name) is not { } value)
            return otherwise ?? throw new CourseException($"The configuration in {source} needs '{name}', a list of "
                + $"{what}, and has none.");
        var isList = value.ValueKind == JsonValueKind.Array;
        object?[] found = isList ? [.. value.EnumerateArray().Select(read)] : [read(value)];
        return found.All(item => item is T) ? [.. found.Cast<T>()] : throw Wrong(name, $"a list of {what}", value);
    }

    private CourseException Wrong(string name, string what, JsonElement value) =>
        new($"The configuration in {source} needs {what} for '{name}', not {value.GetRawText()}.");

    // Python writes what JSON does not have: bare, after a colon, a comma or a bracket. In quotes they can at least be
    // told.
    [GeneratedRegex(@"(?<=[:,\[]\s*)(-?Infinity|NaN)(?=\s*[,\]}])")]
    private static partial Regex NotNumbers();
}

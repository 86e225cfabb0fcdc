using System.Text.Json;

namespace ImageGen.Runtime;

/// <summary>Small files of text, such as configurations: read, and written whole or not at all.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>A file's text; null where there is none.</summary>
    /// <exception cref="CourseException">It cannot be read.</exception>
    internal static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The configuration {path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Values as JSON, one a line.</summary>
    internal static string Of(IReadOnlyDictionary<string, object> values) =>
        JsonSerializer.Serialize(values, Indented) + "\n";

    /// <exception cref="CourseException">The file cannot be written.</exception>
    internal static void Write(string path, string text)
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
}

using System.Text.Json;

namespace ImageGen.Tests;

/// <summary>The files in tests/Fixtures/text, which the scripts beside them made with other implementations.</summary>
internal static class TextFixtures
{
    internal static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", "text", name);

    internal static JsonElement Json(string name) => JsonDocument.Parse(File.ReadAllBytes(Path(name))).RootElement;

    internal static string Text(this JsonElement element, string property) => element.GetProperty(property).GetString()!;

    internal static string[] Texts(this JsonElement element, string property) =>
        [.. element.GetProperty(property).EnumerateArray().Select(item => item.GetString()!)];

    internal static int[] Integers(this JsonElement element, string property) =>
        [.. element.GetProperty(property).EnumerateArray().Select(item => item.GetInt32())];
}

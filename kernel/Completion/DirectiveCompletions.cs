using System.Text.RegularExpressions;
using ImageGen.Kernel.Engine;

namespace ImageGen.Kernel.Completion;

/// <summary>
/// Completes what C# does not know: files and packages inside <c>#r "…"</c> and <c>#load "…"</c>, and <c>#!</c> lines.
/// </summary>
internal static partial class DirectiveCompletions
{
    private const int Most = 200;
    private const string NuGet = "nuget:";

    /// <summary>What can stand at <paramref name="index"/>; null when this is not such a line.</summary>
    /// <param name="code">The cell.</param>
    /// <param name="index">The cursor.</param>
    /// <param name="folder">The notebook's folder.</param>
    public static CompletionAnswer? Find(string code, int index, string folder)
    {
        var line = CellText.LineBefore(code, index);
        if (line.StartsWith("#!", StringComparison.Ordinal))
            return Answer(line.Length, MagicCommands.All, line, "keyword");
        if (Directive().Match(line) is not { Success: true } directive) return null;
        var (kind, typed) = (directive.Groups["kind"].Value, directive.Groups["text"].Value);
        if (kind == "r" && typed.StartsWith(NuGet, StringComparison.OrdinalIgnoreCase))
            return Packages(typed[NuGet.Length..].TrimStart());

        var files = Files(typed, kind == "r" ? [".dll"] : [".csx", ".cs"], folder);
        IEnumerable<string> scheme = kind == "r" && NuGet.StartsWith(typed, StringComparison.OrdinalIgnoreCase)
            ? [NuGet + " "]
            : [];
        return Answer(typed.Length, files.Concat(scheme), typed, "path");

        CompletionAnswer Packages(string text)
        {
            var cache = NuGetPackages.CacheFolder;
            if (text.Split(',') is [var name, var version])
            {
                var folders = Path.Combine(cache, name.Trim().ToLowerInvariant());
                version = version.TrimStart();
                return Answer(version.Length, Names(folders).OrderDescending(StringComparer.Ordinal), version, "text");
            }
            return Answer(
                text.Length, Names(cache).Where(n => !n.StartsWith('.')).Order(StringComparer.Ordinal), text, "module");
        }

        CompletionAnswer Answer(int length, IEnumerable<string> found, string start, string type) =>
            new(index - length, index,
            [.. found.Where(text => text.StartsWith(start, StringComparison.OrdinalIgnoreCase)).Take(Most).Select(text => (text, type))]);
    }

    // Folders and fitting files, as they would be written after what is typed already.
    private static IEnumerable<string> Files(string typed, string[] extensions, string folder)
    {
        var parent = typed[..(typed.LastIndexOf('/') + 1)];
        try
        {
            var place = new DirectoryInfo(Path.GetFullPath(parent, folder));
            if (!place.Exists) return [];
            return [.. place.EnumerateDirectories().Where(d => !d.Name.StartsWith('.')).Select(d => parent + d.Name + "/").Order(StringComparer.Ordinal)
                .Concat(
                    place.EnumerateFiles().Where(f => extensions.Contains(f.Extension)).Select(f => parent + f.Name)
                        .Order(StringComparer.Ordinal)),
                .. parent is "" or "../" || parent.EndsWith("/../", StringComparison.Ordinal)
                    ? new[] { parent + "../" }
                    : []];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException) { return []; }
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)) : [];

    [GeneratedRegex("""^\s*#(?<kind>r|load)\s+"(?<text>[^"]*)$""")]
    private static partial Regex Directive();
}

using System.Text.Json;
using System.Text.Json.Serialization;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>One file of a <see cref="Source"/>.</summary>
/// <param name="File">Its name in the source's folder of the cache, with <c>/</c> between folders.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Urls">Where it can be fetched, the best first.</param>
/// <param name="Sha256">Its hash in hexadecimal; one of the two hashes is there.</param>
/// <param name="Md5">Its hash where the owner gives only that.</param>
public sealed record SourceFile(string File, long Size, IReadOnlyList<string> Urls, string? Sha256 = null, string? Md5 = null);

/// <summary>Something that the course fetches from elsewhere: published weights, a data set, or what slides run on.</summary>
/// <param name="Name">What <c>./course data fetch</c> calls it.</param>
/// <param name="Title">What it is, for people.</param>
/// <param name="License">Under what terms its owner gives it.</param>
/// <param name="Lessons">The lessons that use it at full scale, by number; empty when none does.</param>
/// <param name="Files">Its files.</param>
/// <param name="Note">What a person should know who fetches it, if anything.</param>
public sealed record Source(
    string Name, string Title, string License, IReadOnlyList<string> Lessons, IReadOnlyList<SourceFile> Files, string? Note = null)
{
    /// <summary>Bytes in all.</summary>
    [JsonIgnore]
    public long Size => Files.Sum(file => file.Size);
}

/// <summary>The list of everything remote: data/sources.json.</summary>
public static class Sources
{
    private sealed record Document(IReadOnlyList<Source> Sources, IReadOnlyList<PackagedWeights>? Packages = null);

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Reads the list.</summary>
    /// <param name="path">A list of another place; the course's own when not given.</param>
    /// <exception cref="CourseException">The list is missing, not JSON, or an entry of it makes no sense.</exception>
    public static IReadOnlyList<Source> Load(string? path = null) => Read(path).Sources;

    /// <summary>The weights that came with packages of the build.</summary>
    /// <exception cref="CourseException">As in <see cref="Load"/>.</exception>
    internal static IReadOnlyList<PackagedWeights> LoadPackages(string? path = null) => Read(path).Packages ?? [];

    private static Document Read(string? path)
    {
        path ??= Path.Combine(Folders.Data, "sources.json");
        try
        {
            var document = JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), Strict)
                ?? throw new CourseException($"The list of sources {path} is empty: restore it from the repository.");
            Check(document.Sources, path);
            foreach (var (package, file) in (document.Packages ?? []).SelectMany(package => package.Files.Select(file => (package, file))))
                if (!IsPlain(file.File) || file.Size < 1 || !IsHash(file.Sha256, 64))
                    throw new CourseException($"The list of sources {path} is wrong at '{package.Name}': its file '{file.File}' needs a plain name, a size and a sha256.");
            return document;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The list of sources {path} cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>The source of that name.</summary>
    /// <exception cref="CourseException">There is none; the line names those there are.</exception>
    public static Source Find(string name)
    {
        var sources = Load();
        return sources.FirstOrDefault(source => source.Name == name)
            ?? throw new CourseException($"There is no source '{name}': data/sources.json has {string.Join(", ", sources.Select(source => source.Name))}.");
    }

    private static void Check(IReadOnlyList<Source> sources, string path)
    {
        var names = new HashSet<string>();
        foreach (var source in sources)
        {
            if (!IsPlain(source.Name) || source.Name.Contains('/')) throw Wrong(source.Name, "its name is not a plain folder name");
            if (!names.Add(source.Name)) throw Wrong(source.Name, "it is there twice");
            if (source.Files.Count == 0) throw Wrong(source.Name, "it has no files");
            if (source.Files.DistinctBy(file => file.File).Count() != source.Files.Count) throw Wrong(source.Name, "it names a file twice");
            foreach (var file in source.Files)
            {
                if (!IsPlain(file.File)) throw Wrong(source.Name, $"its file '{file.File}' is not a plain relative path");
                if (file.Size < 1) throw Wrong(source.Name, $"the size of its file '{file.File}' is {file.Size}");
                if (file.Urls.Count == 0 || !file.Urls.All(IsWebAddress)) throw Wrong(source.Name, $"its file '{file.File}' needs http or https addresses");
                if (!IsHash(file.Sha256, 64) && !IsHash(file.Md5, 32)) throw Wrong(source.Name, $"its file '{file.File}' needs a sha256 of 64 or an md5 of 32 hexadecimal digits");
            }
        }

        CourseException Wrong(string name, string what) => new($"The list of sources {path} is wrong at '{name}': {what}.");
    }

    internal static bool IsWebAddress(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    // A list may not write outside the cache.
    private static bool IsPlain(string path) => path.Split('/').All(part =>
        part.Length > 0 && part[0] != '.' && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));

    private static bool IsHash(string? hash, int digits) => hash?.Length == digits && hash.All(char.IsAsciiHexDigitLower);
}

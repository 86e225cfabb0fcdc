using System.Formats.Tar;
using System.IO.Compression;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Course.Setup;

/// <summary>
/// What a page of slides needs to run: reveal.js and two small libraries of nbconvert's page, the source <c>slides</c>
/// of data/sources.json. They are kept in the cache, so that slides work in a room without a network.
/// </summary>
internal static class SlideAssets
{
    /// <summary>Puts the libraries beside the slides.</summary>
    /// <param name="source">Their archives, as the npm registry has them.</param>
    /// <param name="folder">Gets one folder for each library.</param>
    /// <param name="options">Where the cache is, and whether there is a network.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <exception cref="CourseException">They are not in the cache and could not be fetched.</exception>
    public static async Task PlaceAsync(
        Source source, string folder, DownloadOptions options, CancellationToken cancellationToken)
    {
        await Downloads.FetchAsync(source, cancel: cancellationToken, options: options);
        foreach (var file in source.Files)
            if (Path.Combine(folder, FolderOf(file)) is var target && !Directory.Exists(target))
                Unpack(Path.Combine(options.Cache, source.Name, file.File), target);
    }

    /// <summary>The folder of a library: reveal.js-4.6.1.tgz is unpacked as reveal.js, whatever its version.</summary>
    public static string FolderOf(SourceFile file) => file.File[..file.File.LastIndexOf('-')];

    // Only what a browser loads; the archive's own top folder is "package".
    private static void Unpack(string archive, string target)
    {
        var part = target + ".part";
        if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
        using var reader = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        while (reader.GetNextEntry() is { } entry)
        {
            var name = entry.Name.Split('/', 2) is [_, var rest] ? rest : "";
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || name.Contains("..")
               
                   
                       
                           
                               
                                   
                                        || !(
                                            name.StartsWith("dist/", StringComparison.Ordinal)
                                                || name.StartsWith("plugin/", StringComparison.Ordinal)
                                                    || name is "require.js" or "LICENSE" or "LICENSE.txt")) continue;
            var file = Path.Combine(part, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            entry.ExtractToFile(file, overwrite: true);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Directory.Move(part, target);
    }
}

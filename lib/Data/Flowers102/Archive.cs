using System.Formats.Tar;
using System.IO.Compression;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>Unpacks the archives that data sets come in.</summary>
public static class Archive
{
    /// <summary>
    /// Unpacks a .tgz file into a folder, which appears whole or not at all. Only plain files and folders are written;
    /// links and devices in the archive are passed over.
    /// </summary>
    /// <param name="path">The archive.</param>
    /// <param name="folder">A folder that does not exist yet; when it does, it was unpacked before and nothing is done.</param>
    /// <exception cref="CourseException">The archive is missing, truncated, no such archive, or names a place outside the folder.</exception>
    public static void Unpack(string path, string folder)
    {
        if (Directory.Exists(folder)) return;
        if (!File.Exists(path)) throw new CourseException($"The archive '{path}' does not exist.");
        var part = Path.GetFullPath(folder) + ".part";
        try
        {
            if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
            Directory.CreateDirectory(part);
            UnpackInto(path, part);
            Directory.Move(part, folder);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new CourseException($"The archive '{path}' is truncated or damaged: delete it and download it again.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"'{path}' cannot be unpacked into '{folder}' ({error.Message.TrimEnd('.')}): free some space or choose another folder.", error);
        }
        finally
        {
            if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
        }
    }

    private static void UnpackInto(string path, string root)
    {
        using var file = File.OpenRead(path);
        using var whole = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(whole);
        var files = 0;
        while (tar.GetNextEntry() is { } entry)
        {
            var target = Path.GetFullPath(Path.Combine(root, entry.Name));
            if (target != root && !target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new CourseException($"The archive '{path}' names '{entry.Name}', a place outside its folder: it is not the data set's own; delete it.");
            if (entry.EntryType == TarEntryType.Directory) Directory.CreateDirectory(target);
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            entry.ExtractToFile(target, overwrite: true);
            files++;
        }
        if (files == 0) throw new InvalidDataException("no files");
    }
}

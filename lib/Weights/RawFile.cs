using ImageGen.Runtime;
using Microsoft.Win32.SafeHandles;

namespace ImageGen.Weights;

/// <summary>A file open for reading at any place, by any number of threads: bytes go from the system's cache straight to where they are wanted.</summary>
/// <remarks>
/// Reading beats mapping here. Tensors copied from a map, in windows of 16 MB, came in at 0.64 to 0.78 of the rate of reading the
/// file's bytes, with two threads at 0.75 to 0.87, and with reading at 1.25 and 1.59 (./course bench weights): each mapped page
/// costs a fault. And a file that somebody cuts short while it is read gives an error in place of the process's end.
/// </remarks>
internal sealed class RawFile : IDisposable
{
    private readonly SafeFileHandle handle;

    private RawFile(string path, long length, SafeFileHandle handle) => (Path, Length, this.handle) = (path, length, handle);

    internal string Path { get; }

    internal long Length { get; }

    /// <exception cref="CourseException">The file is missing, empty, a folder, or may not be read.</exception>
    internal static RawFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            if (Directory.Exists(path)) throw new CourseException($"{path} is a folder: name the weights file in it.");
            if (!File.Exists(path)) throw new CourseException($"The weights file {path} does not exist: check the path, or fetch it with ./course data fetch.");
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);
            if (length == 0) throw new CourseException($"The weights file {path} is empty: delete it and fetch it again.");
            return new(path, length, handle);
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (error is not (IOException or UnauthorizedAccessException)) throw;
            throw new CourseException($"The weights file {path} cannot be opened: {error.Message}", error);
        }
    }

    /// <summary>The error that says what is wrong with this file, in one line.</summary>
    internal CourseException Bad(string what) => new($"The weights file {Path} cannot be read: {what}.");

    /// <summary>Copies the bytes at <paramref name="offset"/>.</summary>
    /// <exception cref="CourseException">They are not all in the file, or the disk fails.</exception>
    internal void Read(long offset, Span<byte> into)
    {
        CheckInside(offset, into.Length);
        try
        {
            while (into.Length > 0)
            {
                var count = RandomAccess.Read(handle, into, offset);
                if (count == 0) throw Bad($"it ended at byte {offset} while it was read, and had {Length} bytes before: another program may be writing it");
                offset += count;
                into = into[count..];
            }
        }
        catch (IOException error)
        {
            throw new CourseException($"The weights file {Path} cannot be read: {error.Message}", error);
        }
    }

    internal byte[] Read(long offset, int count)
    {
        CheckInside(offset, count);
        var bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    public void Dispose() => handle.Dispose();

    private void CheckInside(long offset, long count)
    {
        if (count < 0 || offset < 0 || offset > Length - count) throw Bad($"it needs {count} bytes at {offset} and has {Length}");
    }
}

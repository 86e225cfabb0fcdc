using System.IO.MemoryMappedFiles;
using ImageGen.Runtime;
using Microsoft.Win32.SafeHandles;

namespace ImageGen.Weights;

/// <summary>A file open for reading at any place, by any number of threads: mapped into memory a window at a time, and small pieces read.</summary>
/// <remarks>
/// A map of the whole file would count as memory of this process, twice the weights when they are all read: so a window is
/// mapped when it is asked for and let go when it is copied.
/// </remarks>
internal sealed class RawFile : IDisposable
{
    // Below this, mapping costs more than it saves; and so much stays in the processor's cache.
    private const int SmallBytes = 1 << 18;

    /// <summary>The longest window: large enough that letting it go, which every thread waits for, costs little beside copying it.</summary>
    internal const int WindowBytes = 1 << 24;

    private readonly SafeFileHandle handle;
    private readonly Lazy<MemoryMappedFile> map;

    private RawFile(string path, long length, SafeFileHandle handle)
    {
        (Path, Length, this.handle) = (path, length, handle);
        map = new(() => MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true));
    }

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
    internal CourseException Bad(string what) => new($"The weights file {Path} cannot be read: {what.ReplaceLineEndings(" ")}.");

    /// <summary>Maps the bytes at <paramref name="offset"/>; dispose of the window when they are used.</summary>
    /// <param name="offset">Where they begin.</param>
    /// <param name="count">How many: 1 to <see cref="WindowBytes"/>.</param>
    /// <exception cref="CourseException">They are not all in the file, or the disk fails.</exception>
    internal MappedWindow Window(long offset, int count)
    {
        CheckInside(offset, count);
        try
        {
            // A page of the map that the file has no more would end the process when it is touched.
            if (RandomAccess.GetLength(handle) < offset + count) throw CutShort(RandomAccess.GetLength(handle));
            return MappedWindow.Of(map.Value, offset, count) ?? throw CutShort(RandomAccess.GetLength(handle));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The weights file {Path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Copies the bytes at <paramref name="offset"/>.</summary>
    /// <param name="offset">Where they begin.</param>
    /// <param name="into">Where they go.</param>
    /// <param name="look">Is shown them on the way, while they are in the processor's cache: some whole 8 bytes at a
    /// time, and the last ones.</param>
    /// <exception cref="CourseException">They are not all in the file, or the disk fails.</exception>
    internal void Read(long offset, Span<byte> into, Action<ReadOnlySpan<byte>>? look = null)
    {
        CheckInside(offset, into.Length);
        for (; into.Length >= SmallBytes; into = into[Math.Min(into.Length, WindowBytes)..])
        {
            using var window = Window(offset, Math.Min(into.Length, WindowBytes));
            var step = look is null ? window.Bytes.Length : SmallBytes;
            for (var at = 0; at < window.Bytes.Length; at += step)
            {
                var piece = window.Bytes.Slice(at, Math.Min(step, window.Bytes.Length - at));
                look?.Invoke(piece);
                piece.CopyTo(into[at..]);
            }
            offset += window.Bytes.Length;
        }
        ReadSmall(offset, into);
        if (into.Length > 0) look?.Invoke(into);
    }

    internal byte[] Read(long offset, int count)
    {
        CheckInside(offset, count);
        var bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    public void Dispose()
    {
        if (map.IsValueCreated) map.Value.Dispose();
        handle.Dispose();
    }

    private void ReadSmall(long offset, Span<byte> into)
    {
        try
        {
            while (into.Length > 0)
            {
                var count = RandomAccess.Read(handle, into, offset);
                if (count == 0) throw CutShort(offset);
                offset += count;
                into = into[count..];
            }
        }
        catch (IOException error)
        {
            throw new CourseException($"The weights file {Path} cannot be read: {error.Message}", error);
        }
    }

    private CourseException CutShort(long end) =>
        Bad($"it ended at byte {end} while it was read, and had {Length} bytes before: another program may be writing it");

    private void CheckInside(long offset, long count)
    {
        if (count < 0 || offset < 0 || offset > Length - count) throw Bad($"it needs {count} bytes at {offset} and has {Length}");
    }
}

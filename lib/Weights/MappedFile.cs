using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>A file mapped into memory for reading, a window at a time: its pages are the system's, and nothing is held twice.</summary>
internal sealed class MappedFile : IDisposable
{
    // One view of the whole file would count as memory of this process, twice the weights when they are all read.
    private const long WindowBytes = 1 << 25;

    private readonly MemoryMappedFile map;
    private readonly Lock gate = new();
    private MemoryMappedViewAccessor? view;
    private long viewStart = -1;

    private MappedFile(string path, long length, MemoryMappedFile map) => (Path, Length, this.map) = (path, length, map);

    internal string Path { get; }

    internal string Name => System.IO.Path.GetFileName(Path);

    internal long Length { get; }

    /// <exception cref="CourseException">The file is missing, empty, a folder, or may not be read.</exception>
    internal static MappedFile Open(string path)
    {
        try
        {
            if (Directory.Exists(path)) throw new CourseException($"{path} is a folder: name the weights file in it.");
            if (!File.Exists(path)) throw new CourseException($"The weights file {path} does not exist: check the path, or fetch it with ./course data fetch.");
            // Opened by hand so that a file that shrinks between the look at its length and the mapping cannot fool us.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            var length = stream.Length;
            if (length == 0) throw new CourseException($"The weights file {path} is empty: delete it and fetch it again.");
            return new(path, length, MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.Read,
                HandleInheritability.None, leaveOpen: false));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The weights file {path} cannot be opened: {error.Message}", error);
        }
    }

    /// <summary>The error that says what is wrong with this file, in one line.</summary>
    internal CourseException Bad(string what) => new($"The weights file {Path} cannot be read: {what}.");

    /// <summary>Copies the bytes at <paramref name="offset"/>; the caller has checked that they are all inside.</summary>
    internal void Read(long offset, Span<byte> into)
    {
        if (offset < 0 || offset > Length - into.Length) throw Bad($"it needs {into.Length} bytes at {offset} and has {Length}");
        lock (gate)
        {
            while (into.Length > 0)
            {
                var start = offset / WindowBytes * WindowBytes;
                var count = (int)Math.Min(into.Length, start + WindowBytes - offset);
                Copy(ViewAt(start), offset - start, into[..count]);
                offset += count;
                into = into[count..];
            }
        }
    }

    /// <summary>A view of its own for one thread; the caller has checked that the bytes are all inside, and disposes it.</summary>
    internal MappedView View(long offset, long count)
    {
        if (offset < 0 || offset > Length - count) throw Bad($"it needs {count} bytes at {offset} and has {Length}");
        return new(map.CreateViewAccessor(offset, count, MemoryMappedFileAccess.Read));
    }

    private SafeBuffer ViewAt(long start)
    {
        if (start != viewStart)
        {
            view?.Dispose();
            viewStart = -1;
            view = map.CreateViewAccessor(start, Math.Min(WindowBytes, Length - start), MemoryMappedFileAccess.Read);
            viewStart = start;
        }
        return view!.SafeMemoryMappedViewHandle;
    }

    // ReadSpan copies element by element: eight bytes at a time it reaches the memory's speed, one at a time a fifth.
    internal static void Copy(SafeBuffer from, long offset, Span<byte> into)
    {
        var words = MemoryMarshal.Cast<byte, long>(into);
        from.ReadSpan((ulong)offset, words);
        from.ReadSpan((ulong)offset + (ulong)words.Length * sizeof(long), into[(words.Length * sizeof(long))..]);
    }

    internal byte[] Read(long offset, int count)
    {
        if (count < 0 || offset < 0 || offset > Length - count) throw Bad($"it needs {count} bytes at {offset} and has {Length}");
        var bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    public void Dispose()
    {
        view?.Dispose();
        map.Dispose();
    }
}

/// <summary>A stretch of a mapped file.</summary>
internal readonly struct MappedView(MemoryMappedViewAccessor view) : IDisposable
{
    /// <summary>Copies the bytes at <paramref name="offset"/> of the stretch.</summary>
    internal void Read(long offset, Span<byte> into) => MappedFile.Copy(view.SafeMemoryMappedViewHandle, view.PointerOffset + offset, into);

    public void Dispose() => view.Dispose();
}

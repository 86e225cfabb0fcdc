using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace ImageGen.Weights;

/// <summary>Writes bytes at an offset of an open file, as <see cref="RandomAccess"/> does.</summary>
internal delegate void DiskWrite(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

/// <summary>
/// A file that is being fetched, in parts that can come in any order and be resumed by another process: FILE.part has the
/// bytes, and FILE.part.state the size of the whole, the size of a part, and how many bytes of each part are there.
/// </summary>
internal sealed class PartFile : IDisposable
{
    private readonly FileStream data, state;
    private readonly long[] done;
    private readonly long size, partBytes;
    private readonly DiskWrite write;

    private PartFile(FileStream data, FileStream state, long size, long partBytes, DiskWrite write)
    {
        (this.data, this.state, this.size, this.partBytes, this.write) = (data, state, size, partBytes, write);
        done = new long[(size + partBytes - 1) / partBytes];
    }

    internal static string PathOf(string path) => path + ".part";

    internal int Count => done.Length;

    internal long Done => done.Sum();

    /// <summary>Bytes of the file that an earlier try left; nothing is made.</summary>
    internal static long DoneOf(string path, long size, long partBytes)
    {
        if (!File.Exists(PathOf(path))) return 0;
        using var parts = Open(path, size, partBytes);
        return parts.Done;
    }

    /// <param name="path">The finished file's path.</param>
    /// <param name="size">Its size.</param>
    /// <param name="partBytes">The size of a part.</param>
    /// <param name="write">How bytes are put on the disk; as the system does it when not given.</param>
    internal static PartFile Open(string path, long size, long partBytes, DiskWrite? write = null)
    {
        var data = new FileStream(PathOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1);
        FileStream? state = null;
        try
        {
            state = new FileStream(PathOf(path) + ".state", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1);
            var file = new PartFile(data, state, size, partBytes, write ?? RandomAccess.Write);
            if (!file.Recall()) file.Reset();
            return file;
        }
        catch
        {
            data.Dispose();
            state?.Dispose();
            throw;
        }
    }

    /// <summary>Where a part begins and ends in the whole, and how many of its bytes are there.</summary>
    internal (long Start, long End, long Done) this[int part] => (part * partBytes, Math.Min(size, (part + 1) * partBytes), Volatile.Read(ref done[part]));

    internal IEnumerable<int> Missing => Enumerable.Range(0, Count).Where(part => this[part] is var (start, end, there) && there < end - start);

    /// <summary>Adds bytes to a part, after those that are there.</summary>
    internal void Append(int part, ReadOnlySpan<byte> bytes)
    {
        write(data.SafeFileHandle, bytes, part * partBytes + done[part]);
        Note(part, done[part] + bytes.Length);
    }

    /// <summary>Forgets all that is there.</summary>
    internal void Reset()
    {
        state.SetLength(0);
        data.SetLength(0);
        data.SetLength(size);
        Note(-2, size);
        Note(-1, partBytes);
        for (var part = 0; part < Count; part++) Note(part, 0);
    }

    public void Dispose()
    {
        data.Dispose();
        state.Dispose();
    }

    internal static void Delete(string path)
    {
        File.Delete(PathOf(path));
        File.Delete(PathOf(path) + ".state");
    }

    // The data is written first: a process that ends in between loses bytes it has, and never claims bytes it has not.
    private void Note(int part, long value)
    {
        if (part >= 0) Volatile.Write(ref done[part], value);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        write(state.SafeFileHandle, bytes, (part + 2) * 8L);
    }

    private bool Recall()
    {
        if (data.Length != size || state.Length != (Count + 2) * 8L) return false;
        var bytes = new byte[state.Length];
        state.ReadExactly(bytes);
        long At(int index) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(index * 8));
        if (At(0) != size || At(1) != partBytes) return false;
        for (var part = 0; part < Count; part++)
        {
            done[part] = At(part + 2);
            if (done[part] < 0 || done[part] > this[part].End - this[part].Start) return false;
        }
        return true;
    }
}

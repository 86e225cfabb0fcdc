using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace ImageGen.Weights;

/// <summary>Some of a file's bytes, mapped into memory until it is disposed of: the system's own pages, not a copy.</summary>
internal sealed unsafe partial class MappedWindow : IDisposable
{
    private const int PopulateRead = 22, BadAddress = 14; // MADV_POPULATE_READ of Linux 5.14 and EFAULT

    private readonly MemoryMappedViewAccessor view;
    private readonly byte* first;
    private readonly int count;

    private MappedWindow(MemoryMappedViewAccessor view, int count)
    {
        (this.view, this.count) = (view, count);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref first);
        first += view.PointerOffset;
    }

    /// <summary>The bytes.</summary>
    internal ReadOnlySpan<byte> Bytes => new(first, count);

    /// <summary>Maps them; null when the file has them no more.</summary>
    internal static MappedWindow? Of(MemoryMappedFile map, long offset, int count)
    {
        var window = new MappedWindow(map.CreateViewAccessor(offset, count, MemoryMappedFileAccess.Read), count);
        if (window.Populated()) return window;
        window.Dispose();
        return null;
    }

    /// <summary>Lets them go.</summary>
    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
    }

    // All pages in one call: touched one by one, each would cost a fault, and a third of the time. A kernel that does not know
    // the call touches them one by one.
    private bool Populated()
    {
        if (!OperatingSystem.IsLinux()) return true;
        var start = first - view.PointerOffset;
        return Advise(start, (nuint)(view.PointerOffset + count), PopulateRead) == 0 || Marshal.GetLastPInvokeError() != BadAddress;
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(byte* address, nuint length, int advice);
}

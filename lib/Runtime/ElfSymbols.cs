using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text;

namespace ImageGen.Runtime;

/// <summary>Looks names up in the table of symbols of a Linux library, where its local ones stand too.</summary>
/// <remarks>The layout is ELF-64, little-endian: System V ABI, "Sections" and "Symbol Table".</remarks>
internal static unsafe class ElfSymbols
{
    private const uint SymbolTable = 2; // SHT_SYMTAB
    private const int HeaderSize = 64, SectionSize = 64, SymbolSize = 24;

    /// <summary>Where each name lies, from the library's start; 0 for what it does not name. All are 0 where the file cannot be read.</summary>
    /// <param name="file">The library's file.</param>
    /// <param name="names">Symbols as the linker spells them.</param>
    public static nint[] Find(string file, params string[] names)
    {
        var found = new nint[names.Length];
        try
        {
            using var mapped = MemoryMappedFile.CreateFromFile(file, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using var view = mapped.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            try { Find(start, (long)view.SafeMemoryMappedViewHandle.ByteLength, names, found); }
            finally { view.SafeMemoryMappedViewHandle.ReleasePointer(); }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or OverflowException)
        {
            Array.Clear(found);
        }
        return found;
    }

    private static void Find(byte* file, long length, string[] names, nint[] found)
    {
        var header = Part(file, length, 0, HeaderSize);
        if (!header.StartsWith("\u007fELF\u0002\u0001"u8)) return;
        var (offset, count) = (MemoryMarshal.Read<long>(header[40..]), MemoryMarshal.Read<ushort>(header[60..]));
        var sections = Part(file, length, offset, (long)count * SectionSize);
        for (var i = 0; i < count; i++)
        {
            var symbols = sections.Slice(i * SectionSize, SectionSize);
            if (MemoryMarshal.Read<uint>(symbols[4..]) != SymbolTable) continue;
            var strings = sections.Slice(checked((int)MemoryMarshal.Read<uint>(symbols[40..]) * SectionSize), SectionSize);
            Find(Contents(symbols), Contents(strings), names, found);
        }

        ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> section) =>
            Part(file, length, MemoryMarshal.Read<long>(section[24..]), MemoryMarshal.Read<long>(section[32..]));
    }

    private static void Find(ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> strings, string[] names, nint[] found)
    {
        for (var n = 0; n < names.Length; n++)
        {
            var name = strings.IndexOf(Encoding.UTF8.GetBytes($"\0{names[n]}\0")) + 1;
            if (name == 0) continue;
            for (var at = 0; at + SymbolSize <= symbols.Length && found[n] == 0; at += SymbolSize)
                if (MemoryMarshal.Read<uint>(symbols[at..]) == name) found[n] = (nint)MemoryMarshal.Read<long>(symbols[(at + 8)..]);
        }
    }

    private static ReadOnlySpan<byte> Part(byte* file, long length, long offset, long size) =>
        offset >= 0 && size is >= 0 and <= int.MaxValue && offset <= length - size
            ? new(file + offset, (int)size)
            : throw new IOException("The file ends before one of its parts.");
}

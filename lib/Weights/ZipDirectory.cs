using System.Buffers.Binary;
using System.Text;

namespace ImageGen.Weights;

/// <summary>
/// Where the files of a ZIP archive lie, so that they can be read in place; .NET's own reader gives only streams
/// (PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 for sizes over 4 GB).
/// </summary>
internal static class ZipDirectory
{
    private const int EndSize = 22, EntrySize = 46, LocalSize = 30;
    private const int LargestDirectory = 64 << 20;

    internal static Dictionary<string, (long Offset, long Length)> Read(RawFile file)
    {
        var (at, size) = FindDirectory(file);
        if (size > LargestDirectory) throw file.Bad($"its ZIP directory claims {size} bytes, which no weights need");
        if (at < 0 || size < 0 || at > file.Length - size) throw file.Bad("its ZIP directory lies outside the file: the file is cut short");

        var directory = file.Read(at, (int)size);
        var files = new Dictionary<string, (long, long)>();
        for (var entry = 0; entry < directory.Length;)
        {
            if (directory.Length - entry < EntrySize || U32(directory, entry) != 0x02014b50) throw file.Bad("its ZIP directory is damaged");
            int nameLength = U16(directory, entry + 28), extraLength = U16(directory, entry + 30), commentLength = U16(directory, entry + 32);
            if (directory.Length - entry - EntrySize < nameLength + extraLength + commentLength) throw file.Bad("its ZIP directory is damaged");
            var name = Encoding.UTF8.GetString(directory, entry + EntrySize, nameLength);
            if (U16(directory, entry + 10) != 0 || (U16(directory, entry + 8) & 1) != 0)
                throw file.Bad($"its part '{name}' is compressed or encrypted, which torch.save never does");

            ulong length = U32(directory, entry + 24), header = U32(directory, entry + 42);
            ReadLargeSizes(directory.AsSpan(entry + EntrySize + nameLength, extraLength), U32(directory, entry + 20) == uint.MaxValue, ref length, ref header);
            if (!files.TryAdd(name, Locate(file, name, length, header))) throw file.Bad($"its ZIP directory names '{name}' twice");
            entry += EntrySize + nameLength + extraLength + commentLength;
        }
        return files;
    }

    // The archive's end: 22 bytes and a comment of up to 65,535, and before it, for large archives, a second, wider end.
    private static (long Offset, long Size) FindDirectory(RawFile file)
    {
        var tailLength = (int)Math.Min(file.Length, EndSize + ushort.MaxValue);
        var tail = file.Read(file.Length - tailLength, tailLength);
        for (var i = tail.Length - EndSize; i >= 0; i--)
        {
            if (U32(tail, i) != 0x06054b50) continue;
            if (i < 20 || U32(tail, i - 20) != 0x07064b50) return (U32(tail, i + 16), U32(tail, i + 12));
            var wide = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(i - 12));
            if (wide < 0 || wide > file.Length - 56) throw file.Bad("the end of its ZIP archive is damaged");
            var end = file.Read(wide, 56);
            if (U32(end, 0) != 0x06064b50) throw file.Bad("the end of its ZIP archive is damaged");
            return (BinaryPrimitives.ReadInt64LittleEndian(end.AsSpan(48)), BinaryPrimitives.ReadInt64LittleEndian(end.AsSpan(40)));
        }
        throw file.Bad("it begins as a ZIP archive, but the archive's end is missing: the file is cut short");
    }

    // Sizes of 4 GB and more stand in an extra field with the mark 1, only those that overflowed, in this order.
    private static void ReadLargeSizes(ReadOnlySpan<byte> extra, bool stored, ref ulong length, ref ulong header)
    {
        while (extra.Length >= 4)
        {
            int mark = BinaryPrimitives.ReadUInt16LittleEndian(extra), size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4) return;
            if (mark == 1)
            {
                var fields = extra.Slice(4, size);
                if (length == uint.MaxValue) Take(ref fields, ref length);
                ulong unused = 0;
                if (stored) Take(ref fields, ref unused);
                if (header == uint.MaxValue) Take(ref fields, ref header);
            }
            extra = extra[(4 + size)..];
        }
    }

    private static void Take(ref ReadOnlySpan<byte> fields, ref ulong value)
    {
        if (fields.Length < 8) return;
        value = BinaryPrimitives.ReadUInt64LittleEndian(fields);
        fields = fields[8..];
    }

    // The bytes follow a local header, whose own name and extra field (PyTorch's alignment) may be longer than the directory's.
    private static (long Offset, long Length) Locate(RawFile file, string name, ulong length, ulong header)
    {
        if (header > (ulong)file.Length || file.Length - (long)header < LocalSize) throw file.Bad($"its part '{name}' begins at byte {header}, outside the file: the file is cut short");
        var local = file.Read((long)header, LocalSize);
        if (U32(local, 0) != 0x04034b50) throw file.Bad($"its part '{name}' has no header at byte {header}");
        var start = (long)header + LocalSize + U16(local, 26) + U16(local, 28);
        if (start > file.Length || length > (ulong)(file.Length - start)) throw file.Bad($"its part '{name}' of {length} bytes ends outside the file: the file is cut short");
        return (start, (long)length);
    }

    private static int U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
}

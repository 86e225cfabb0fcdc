using System.Text;

namespace ImageGen.Weights;

/// <summary>One field of a Protocol Buffers message.</summary>
/// <param name="Number">Which field; the message's schema says what it means.</param>
/// <param name="Kind">0 for a variable-length integer, 1 for 8 bytes, 2 for bytes after their length, 5 for 4
/// bytes.</param>
/// <param name="Value">The integer, where it is one.</param>
/// <param name="Start">Where its bytes begin in the file.</param>
/// <param name="Length">How many they are.</param>
internal readonly record struct WireField(int Number, int Kind, ulong Value, long Start, long Length)
{
    internal const int Varint = 0, Bytes = 2;
}

/// <summary>
/// Walks over Protocol Buffers in a file (https://protobuf.dev/programming-guides/encoding): which fields there are,
/// and
/// where their bytes lie. Nothing is copied but names, so the numbers of a network stay in the file until they are
/// wanted.
/// </summary>
/// <remarks>
/// Google.Protobuf would copy every tensor into an array first, and hold the weights twice. All that is needed here is
/// a
/// fortieth of what it does.
/// </remarks>
internal sealed class WireReader(RawFile file)
{
    private const int LongestName = 4096;

    private readonly byte[] block = new byte[1 << 13];
    private long blockStart;
    private int blockLength;

    /// <summary>The fields of the message in these bytes, one after the other.</summary>
    /// <exception cref="Runtime.CourseException">They are no message: the file is cut short, damaged, or another kind
    /// of file.</exception>
    internal IEnumerable<WireField> Fields(long start, long length)
    {
        var end = start + length;
        for (var at = start; at < end;)
        {
            var tag = ReadVarint(ref at, end);
            var (number, kind) = (tag >> 3, (int)(tag & 7));
            if (number is 0 or > 536_870_911) throw Damaged(at);
            var value = kind == WireField.Varint ? ReadVarint(ref at, end) : 0;
            ulong bytes = kind switch
            {
                WireField.Varint => 0,
                1 => 8UL,
                WireField.Bytes => ReadVarint(ref at, end),
                5 => 4UL,
                _ => throw Damaged(at), // groups, which nobody has written for long
            };
            if (bytes > (ulong)(end - at))
                throw file.Bad($"at byte {at} it claims {bytes} more bytes where {end - at} are left: it is cut " +
                    $"short or damaged");
            yield return new((int)number, kind, value, at, (long)bytes);
            at += (long)bytes;
        }
    }

    /// <summary>A field of text.</summary>
    internal string Text(WireField field)
    {
        if (field.Kind != WireField.Bytes || field.Length > LongestName) throw Damaged(field.Start);
        return Encoding.UTF8.GetString(file.Read(field.Start, (int)field.Length));
    }

    /// <summary>The integers of a repeated field, packed together or alone.</summary>
    internal void Integers(WireField field, List<long> into, int most)
    {
        if (field.Kind == WireField.Varint) Add(field.Value);
        else if (field.Kind == WireField.Bytes)
            for (var at = field.Start; at < field.Start + field.Length;) Add(
                ReadVarint(ref at, field.Start + field.Length));
        else throw Damaged(field.Start);

        void Add(ulong value)
        {
            if (into.Count == most) throw file.Bad($"at byte {field.Start} it has a list of over {most} numbers");
            into.Add((long)value);
        }
    }

    private ulong ReadVarint(ref long at, long end)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= end) throw file.Bad(
                $"it ends at byte {at} in the middle of a number: it is cut short or damaged");
            var next = ByteAt(at++);
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        throw Damaged(at);
    }

    private byte ByteAt(long at)
    {
        if (at < blockStart || at >= blockStart + blockLength)
        {
            blockLength = (int)Math.Min(block.Length, file.Length - at);
            blockStart = at;
            file.Read(at, block.AsSpan(0, blockLength));
        }
        return block[at - blockStart];
    }

    private Runtime.CourseException Damaged(long at) =>
        file.Bad($"what stands at byte {at} is no Protocol Buffers message: it is damaged, or no ONNX file");
}

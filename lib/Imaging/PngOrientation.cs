using System.Buffers.Binary;

namespace ImageGen.Imaging;

/// <summary>
/// How the camera was held, as a PNG says it: the tag 0x0112 of the Exif data in its <c>eXIf</c> chunk, which may stand
/// before
/// the pixels or after them (PNG specification, third edition, 11.3.4.4; Exif 2.32, 4.6).
/// </summary>
internal static class PngOrientation
{
    private const int LongestExif = 1 << 20;
    private const ushort Orientation = 0x0112;

    /// <summary>The number of the orientation, 1 to 8; 1, upright, where the file says nothing.</summary>
    internal static int Read(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> head = stackalloc byte[8];
        for (long at = 8; ;)
        {
            file.Position = at;
            if (file.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8) return 1;
            var length = BinaryPrimitives.ReadUInt32BigEndian(head);
            if (head[4..].SequenceEqual("eXIf"u8))
            {
                if (length > LongestExif || length > file.Length - at) return 1;
                var exif = new byte[length];
                return file.ReadAtLeast(exif, exif.Length, throwOnEndOfStream: false) < exif.Length ? 1 : OfExif(exif);
            }
            if (head[4..].SequenceEqual("IEND"u8)) return 1;
            at += 12L + length;
        }
    }

    /// <summary>The orientation in a block of Exif data, which is a small TIFF; 1 where it has none, or is
    /// damaged.</summary>
    private static int OfExif(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0\0"u8)) exif = exif[6..]; // as in JPEG; some programs copy it so
        if (exif.Length < 8 || !(exif.StartsWith("II"u8) || exif.StartsWith("MM"u8))) return 1;
        var little = exif[0] == 'I';
        var directory = U32(exif, 4);
        if (directory > exif.Length - 2) return 1;
        var entries = exif[(int)(directory + 2)..];
        for (int i = 0, count = U16(exif, (int)directory); i < count && entries.Length >= 12; i++,
            entries = entries[12..])
            if (U16(entries, 0) == Orientation)
                return U16(entries, 2) == 3 && U16(entries, 8) is >= 1 and <= 8 and var found ? found : 1;
        return 1;

        ushort U16(ReadOnlySpan<byte> bytes, int at) => little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..])
            : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

        uint U32(ReadOnlySpan<byte> bytes, int at) => little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..])
            : BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
    }
}

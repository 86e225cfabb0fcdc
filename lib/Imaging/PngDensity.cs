using System.Buffers.Binary;

namespace ImageGen.Imaging;

/// <summary>
/// Marks a PNG as drawn for a fine screen: its <c>pHYs</c> chunk says how many pixels make a unit of length, so that a
/// notebook can show a chart of 1280 pixels in a width of 640.
/// </summary>
internal static class PngDensity
{
    private const int AfterHeader = 8 + 25; // the signature, and the IHDR chunk, which always comes first
    private const double PixelsPerMeterAtOne = 96 / 0.0254;

    public static byte[] Mark(byte[] png, double density)
    {
        Span<byte> chunk = stackalloc byte[4 + 4 + 9 + 4];
        BinaryPrimitives.WriteInt32BigEndian(chunk, 9);
        "pHYs"u8.CopyTo(chunk[4..]);
        var perMeter = (int)Math.Round(density * PixelsPerMeterAtOne);
        BinaryPrimitives.WriteInt32BigEndian(chunk[8..], perMeter);
        BinaryPrimitives.WriteInt32BigEndian(chunk[12..], perMeter);
        chunk[16] = 1; // the unit is the meter
        BinaryPrimitives.WriteUInt32BigEndian(chunk[17..], Checksum(chunk[4..17]));
        return [.. png.AsSpan(0, AfterHeader), .. chunk, .. png.AsSpan(AfterHeader)];
    }

    // CRC-32 as the PNG specification gives it.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        }
        return ~crc;
    }
}

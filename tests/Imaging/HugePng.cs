using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ImageGen.Tests;

/// <summary>A PNG too large to decode whole: a palette picture, written by hand from the PNG specification.</summary>
internal static class HugePng
{
    public static readonly (byte, byte, byte) Outside = (30, 120, 200), Inside = (250, 200, 10);

    /// <summary>A square of the one color; in it, from one quarter to three quarters, a square of the other.</summary>
    public static void Write(string path, int side)
    {
        using var file = File.Create(path);
        file.Write([0x89, .. "PNG\r\n\x1a\n"u8]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        header[8] = 8; // bits
        header[9] = 3; // palette
        Chunk(file, "IHDR", header);
        Chunk(file, "PLTE", [30, 120, 200, 250, 200, 10]);

        var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] outside = new byte[side + 1], middle = new byte[side + 1];
            middle.AsSpan(1 + side / 4, side / 2).Fill(1);
            for (var y = 0; y < side; y++) zlib.Write(y >= side / 4 && y < side / 4 + side / 2 ? middle : outside);
        }
        Chunk(file, "IDAT", data.ToArray());
        Chunk(file, "IEND", []);
    }

    private static void Chunk(Stream file, string kind, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(kind), .. data];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    private static uint Crc(byte[] bytes)
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

using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace ImageGen.Kernel.Outputs;

/// <summary>
/// How large a picture is to be shown. A PNG drawn for a fine screen says so in its <c>pHYs</c> chunk, which browsers
/// do not read; notebooks have a place for it, the output's metadata.
/// </summary>
internal static class DisplaySize
{
    private const string Png = "image/png";
    private const double PixelsPerMeter = 96 / 0.0254; // of a CSS pixel

    // The signature, IHDR and a pHYs chunk after it take 54 bytes: 72 characters of base64.
    private const int HeadCharacters = 72;
    private const int WidthAt = 16, ChunkAt = 33;

    /// <summary>
    /// The metadata of an output: <c>{"image/png": {"width": 640}}</c> for a chart of 1280 pixels, else empty.
    /// </summary>
    public static JsonObject Metadata(JsonObject bundle) =>
        bundle[Png] is JsonValue value && value.TryGetValue<string>(out var base64) && Width(base64) is { } width
            ? new JsonObject { [Png] = new JsonObject { ["width"] = width } }
            : [];

    private static int? Width(string base64)
    {
        Span<byte> head = stackalloc byte[HeadCharacters / 4 * 3];
        if (
            base64.Length < HeadCharacters
                || !Convert.TryFromBase64Chars(base64.AsSpan(0, HeadCharacters), head, out var length)
                    || length < head.Length)
            return null;
        if (!head[1..].StartsWith("PNG"u8) || !head[(ChunkAt + 4)..].StartsWith("pHYs"u8) || head[ChunkAt + 16] != 1)
            return null;
        var density = Math.Round(BinaryPrimitives.ReadInt32BigEndian(head[(ChunkAt + 8)..]) / PixelsPerMeter, 2);
        return density > 1 ? (int)Math.Round(BinaryPrimitives.ReadInt32BigEndian(head[WidthAt..]) / density) : null;
    }
}

using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using SkiaSharp;

namespace ImageGen.Course.Publishing;

/// <summary>
/// In a committed notebook, pictures like photographs are JPEG: a painting of 448 pixels takes 110 KB as JPEG and 450 as
/// PNG. Charts, diagrams and small drawings stay PNG, which is smaller for them and exact.
/// </summary>
internal static class PhotographOutputs
{
    private const string Png = "image/png", Jpeg = "image/jpeg";
    private const int LeastBytes = 64 * 1024, Quality = 80;

    /// <summary>Turns an output's picture into JPEG where that takes less than two thirds of the bytes.</summary>
    public static void Compress(JsonObject output)
    {
        if (output["data"] is not JsonObject data || data[Png] is not { } png) return;
        // A chart's picture stands in for its interactive form, and has letters on flat ground.
        if (data.Any(entry => entry.Key.EndsWith("+json", StringComparison.Ordinal))) return;
        var bytes = Convert.FromBase64String(NotebookCell.Text(png).ReplaceLineEndings(""));
        if (bytes.Length < LeastBytes || ToJpeg(bytes) is not { } jpeg || jpeg.Length * 3 > bytes.Length * 2) return;
        Replace(data, Convert.ToBase64String(jpeg));
        if (output["metadata"] is JsonObject metadata && metadata[Png] is { } size) Replace(metadata, size.DeepClone());
    }

    /// <summary>A PNG file's picture as a JPEG file with colors at full resolution; null where it cannot be read.</summary>
    public static byte[]? ToJpeg(byte[] png)
    {
        using var bitmap = SKBitmap.Decode(png);
        if (bitmap is null) return null;
        using var pixels = bitmap.PeekPixels();
        using var jpeg = pixels.Encode(new SKJpegEncoderOptions(Quality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore));
        return jpeg?.ToArray();
    }

    // In the same place among the keys, so that a publication that changes nothing changes no line.
    private static void Replace(JsonObject entries, JsonNode value)
    {
        var kept = entries.Select(entry => (Key: entry.Key == Png ? Jpeg : entry.Key, Value: entry.Key == Png ? value : entry.Value?.DeepClone())).ToArray();
        entries.Clear();
        foreach (var (key, node) in kept) entries[key] = node;
    }
}

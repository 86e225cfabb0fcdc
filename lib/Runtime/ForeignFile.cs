using System.Text;

namespace ImageGen.Runtime;

/// <summary>What a file is that does not hold what its name says: what clones, servers and other programs leave in its
/// place.</summary>
internal static class ForeignFile
{
    private const string Fetch = "delete it and fetch it again";

    /// <summary>The kind of a file and what to do about it, to stand after a colon; null when nothing is known of
    /// it.</summary>
    /// <param name="start">Its first bytes, 512 or all of them.</param>
    internal static string? Explain(ReadOnlySpan<byte> start) => Known(start) ?? Text(start);

    private static string? Known(ReadOnlySpan<byte> start) => start switch
    {
        _ when start.StartsWith("version https://git-lfs"u8) =>
            "it is a pointer of Git LFS, not the file itself: run git lfs pull in its folder, or download the file " +
                "from its page",
        [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..]
            or [(byte)'t' or (byte)'l', (byte)'j' or (byte)'m', (byte)'g', (byte)'g', ..] =>
            "it is a GGUF file, weights quantized for llama.cpp and its kin, which the course does not read: use the " +
                "model's safetensors",
        [0x89, (byte)'H', (byte)'D', (byte)'F', ..] =>
            "it is an HDF5 file, as Keras and h5py write: save the weights as safetensors",
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', ..] =>
            "it is an array of NumPy (.npy): save the weights as safetensors, a picture as PNG",
        [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is compressed with Zstandard: unpack it first",
        [(byte)'7', (byte)'z', 0xbc, 0xaf, ..] or [(byte)'R', (byte)'a', (byte)'r', (byte)'!', ..] =>
            "it is a packed archive: unpack it first",
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => "it is a PDF document",
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] or [0xff, 0xd8, 0xff, ..] => "it is a picture, PNG or JPEG",
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] =>
            "it is a TIFF or a camera's raw picture: save it as PNG or JPEG",
        [(byte)'P', (byte)'K', 3, 4, ..] => "it is a ZIP archive: unpack it first",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', .. var brand] => brand switch
        {
            [(byte)'h', (byte)'e', ..] or [(byte)'m', (byte)'i', (byte)'f', (byte)'1', ..] =>
                "it is a HEIC photograph: export it as JPEG or PNG",
            [(byte)'a', (byte)'v', (byte)'i', ..] => "it is an AVIF picture: save it as PNG, JPEG or WebP",
            _ => "it is a video",
        },
        _ => null,
    };

    private static string? Text(ReadOnlySpan<byte> start)
    {
        var text = (start is [0xef, 0xbb, 0xbf, ..] ? start[3..] : start).Trim(" \t\r\n"u8);
        if (text.IsEmpty || text.ContainsAnyExcept(Readable)) return null;
        if (text.IndexOf("<svg"u8) >= 0) return "it is an SVG drawing: save it as PNG";
        if (text[0] == '<') return $"it is a web page: a proxy or a sign-in page may have answered in place of the " +
            $"file; {Fetch}";
        var words = Quoted(text);
        return text[0] is (byte)'{' or (byte)'['
            ? $"it is JSON text: a server's error may stand in place of the file ({words}); {Fetch}"
            : $"it is plain text: a server's answer may stand in place of the file ({words}); {Fetch}";
    }

    private static string Quoted(ReadOnlySpan<byte> text)
    {
        var line = string.Join(' ', Encoding.UTF8.GetString(text)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 80 ? line : line[..80] + "…";
    }

    // Everything but control characters: UTF-8 has no others below a blank.
    private static readonly System.Buffers.SearchValues<byte> Readable =
        System.Buffers.SearchValues.Create([(byte)'\t', (byte)'\n', (byte)'\r',
            .. Enumerable.Range(32, 95).Select(b => (byte)b), .. Enumerable.Range(0x80, 0x75).Select(b => (byte)b)]);
}

namespace ImageGen.Weights;

/// <summary>
/// Reads what <c>torch.save</c> writes since PyTorch 1.6: a ZIP archive of stored (never compressed) files,
/// <c>NAME/data.pkl</c> with the object and <c>NAME/data/KEY</c> with the bytes of each storage.
/// </summary>
internal static class TorchZipReader
{
    private const int LongestPickle = 64 << 20;

    internal static bool Recognizes(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', 3, 4, ..];

    internal static WeightHeader Read(RawFile file)
    {
        var archive = ZipDirectory.Read(file);
        if (archive.Keys.FirstOrDefault(name => name == "data.pkl" || name.EndsWith("/data.pkl", StringComparison.Ordinal)) is not { } pickle)
            throw file.Bad("it is a ZIP archive without a data.pkl, so torch.save did not write it");
        var folder = pickle[..^"data.pkl".Length];
        if (archive.TryGetValue($"{folder}byteorder", out var order) && order.Length <= 16
            && System.Text.Encoding.ASCII.GetString(file.Read(order.Offset, (int)order.Length)) != "little")
            throw file.Bad("a big-endian machine wrote it; save it again on a common one");

        var (start, length) = archive[pickle];
        if (length > LongestPickle) throw file.Bad($"its data.pkl has {length} bytes, which no weights need");
        var globals = new TorchGlobals(file);
        var root = new Unpickler(new PickleInput(file, start, start + length), globals).Read();
        foreach (var storage in globals.Storages.Values)
        {
            if (!archive.TryGetValue($"{folder}data/{storage.Key}", out var bytes))
                throw file.Bad($"the storage {storage.Key} that its tensors use is not in the archive");
            if (storage.Count > bytes.Length / storage.Kind.Size)
                throw file.Bad($"the storage {storage.Key} has {bytes.Length} bytes, too few for {storage.Count} elements of {storage.Kind.Size} bytes");
            storage.Offset = bytes.Offset;
        }
        return TorchStateDict.Flatten(file, root);
    }
}

using System.Buffers.Binary;

namespace ImageGen.Weights;

/// <summary>
/// Reads what <c>torch.save</c> wrote before PyTorch 1.6: five pickles one after the other (a mark, the version 1001, the
/// machine, the object, the keys of its storages), then for each key a count of elements and their bytes.
/// </summary>
internal static class TorchLegacyReader
{
    private const long Version = 1001;

    // 0x1950a86a20f9469cfc6c, as the number of ten bytes that a pickle writes.
    private static ReadOnlySpan<byte> FileMark => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>Whether the file begins with a pickle, of any protocol that has a header.</summary>
    internal static bool Recognizes(ReadOnlySpan<byte> start) => start is [0x80, >= 2 and <= 9, ..];

    internal static WeightHeader Read(RawFile file)
    {
        var input = new PickleInput(file, 0, file.Length);
        var globals = new TorchGlobals(file);
        object? Next() => new Unpickler(input, globals).Read();

        if (Next() is not byte[] mark || !FileMark.SequenceEqual(mark))
            throw file.Bad("it is a Python pickle, but not one that torch.save wrote");
        if (Next() is not Version) throw file.Bad($"it is a torch.save file of another version than {Version}");
        if (Next() is not PickleDict machine) throw file.Bad("its description of the machine that wrote it is missing");
        if (machine["little_endian"] is false) throw file.Bad("a big-endian machine wrote it; save it again on a common one");
        var root = Next();
        if (Next() is not PickleList { Items: var keys }) throw file.Bad("its list of storages is missing");

        Locate(file, globals, keys, input.Position);
        return TorchStateDict.Flatten(file, root);
    }

    private static void Locate(RawFile file, TorchGlobals globals, List<object?> keys, long at)
    {
        foreach (var item in keys)
        {
            if (item is not (string or long) || !globals.Storages.TryGetValue(item.ToString()!, out var storage))
                throw file.Bad($"its list of storages names '{item}', which no tensor uses");
            if (storage.Offset is not null) throw file.Bad($"its list of storages names '{item}' twice");
            if (at > file.Length - 8) throw file.Bad($"the storage {item} should begin at byte {at}, and the file ends at {file.Length}: it is cut short");
            var count = BinaryPrimitives.ReadInt64LittleEndian(file.Read(at, 8));
            if (count != storage.Count) throw file.Bad($"the storage {item} has {count} elements where its tensors expect {storage.Count}");
            at += 8;
            if (count > (file.Length - at) / storage.Kind.Size)
                throw file.Bad($"the storage {item} of {count} elements at byte {at} does not fit the file's {file.Length} bytes: it is cut short");
            storage.Offset = at;
            at += count * storage.Kind.Size;
        }
    }
}

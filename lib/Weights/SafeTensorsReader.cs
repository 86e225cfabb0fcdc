using System.Buffers.Binary;
using System.Text.Json;

namespace ImageGen.Weights;

/// <summary>
/// Reads the header of a safetensors file: 8 bytes of length, that many bytes of JSON, then the tensors' bytes
/// (the format's description at https://github.com/huggingface/safetensors, whose rules are all kept: no gaps, no
/// overlaps, no duplicate names, a header of 100 MB at most).
/// </summary>
internal sealed class SafeTensorsReader
{
    private const int LongestHeader = 100_000_000;
    private const int MostDimensions = 32;

    private readonly RawFile file;
    private readonly List<WeightEntry> entries = [];
    private readonly Dictionary<string, string> metadata = [];
    private readonly List<(long Begin, long End, string Name)> ranges = [];
    private readonly long dataStart;

    private SafeTensorsReader(RawFile file, long dataStart) => (this.file, this.dataStart) = (file, dataStart);

    /// <summary>Whether the file begins as a safetensors file does: a length below 2^32, then a brace.</summary>
    /// <remarks>To be asked before the other formats: a header of 640 bytes begins like a pickle, 80 02; no pickle passes this.</remarks>
    internal static bool Recognizes(ReadOnlySpan<byte> start) => start is [_, _, _, _, 0, 0, 0, 0, (byte)'{', ..];

    /// <summary>Whether the file is nothing else and has a brace where a header would begin, after whatever length.</summary>
    internal static bool MayBe(ReadOnlySpan<byte> start) => start is [_, _, _, _, _, _, _, _, (byte)'{', ..];

    /// <returns>The tensors in the order of their bytes, and the file's own notes.</returns>
    internal static WeightHeader Read(RawFile file)
    {
        if (file.Length < 8) throw file.Bad($"a safetensors file has at least 8 bytes, this one {file.Length}");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, 8));
        if (length > LongestHeader) throw file.Bad($"its header claims {length} bytes, and {LongestHeader} is the most a safetensors file may have");
        if ((long)length > file.Length - 8) throw file.Bad($"its header claims {length} bytes, but only {file.Length - 8} follow: the file is cut short");

        var reader = new SafeTensorsReader(file, 8 + (long)length);
        try
        {
            reader.ReadHeader(file.Read(8, (int)length));
        }
        // The JSON reader throws the second one for text that is not valid Unicode.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw file.Bad($"its header is not the JSON of a safetensors file ({OneLine(error.Message)})");
        }
        reader.CheckRanges();
        return new(reader.entries, reader.metadata, WeightHeader.Nothing);
    }

    private void ReadHeader(ReadOnlySpan<byte> header)
    {
        var json = new Utf8JsonReader(header);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw file.Bad("its header is not a JSON object");
        var names = new HashSet<string>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            if (!names.Add(name)) throw file.Bad($"its header names '{name}' twice");
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject) throw file.Bad($"the header's entry '{name}' is not an object");
            if (name == "__metadata__") ReadMetadata(ref json);
            else ReadEntry(ref json, name);
        }
        if (json.Read()) throw file.Bad("its header goes on after its closing brace"); // spaces are not tokens
    }

    private void ReadMetadata(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            json.Read();
            if (json.TokenType != JsonTokenType.String) throw file.Bad($"its note '{key}' is not a text");
            if (!metadata.TryAdd(key, json.GetString()!)) throw file.Bad($"its notes name '{key}' twice");
        }
    }

    private void ReadEntry(ref Utf8JsonReader json, string name)
    {
        string? typeName = null;
        long[]? shape = null, offsets = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = json.GetString();
            json.Read();
            switch (field)
            {
                case "dtype" when typeName is null && json.TokenType == JsonTokenType.String: typeName = json.GetString(); break;
                case "shape" when shape is null: shape = ReadNumbers(ref json, name, MostDimensions); break;
                case "data_offsets" when offsets is null: offsets = ReadNumbers(ref json, name, 2); break;
                default: throw file.Bad($"the header's entry '{name}' has a wrong, unknown or double field '{field}'");
            }
        }
        if (typeName is null || shape is null || offsets is not [var begin, var end])
            throw file.Bad($"the header's entry '{name}' lacks its dtype, its shape or its two data_offsets");
        var type = ElementTypes.FromSafeTensors(typeName);
        if (begin > end || end > file.Length - dataStart)
            throw file.Bad($"the bytes {begin} to {end} of its tensor '{name}' are not in the file, which has {file.Length - dataStart} bytes of tensors");
        // Of an unknown type no more is known than that an element has at least a bit.
        var bytes = (UInt128)(ulong)(end - begin);
        if (TensorShape.Count(shape) is not { } count
            || (type is ElementType.Other ? (ulong)count > 8 * bytes : (UInt128)(ulong)count * (uint)type.Size() != bytes))
            throw file.Bad($"its tensor '{name}' has {end - begin} bytes, which is not {typeName} {WeightEntry.ShapeText(shape)}");
        ranges.Add((begin, end, name));
        entries.Add(new WeightEntry(name, type, shape, new Extent(file, dataStart + begin), typeName));
    }

    private long[] ReadNumbers(ref Utf8JsonReader json, string name, int most)
    {
        if (json.TokenType != JsonTokenType.StartArray) throw file.Bad($"the header's entry '{name}' has a field that is not a list of numbers");
        var numbers = new List<long>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var number) || number < 0 || numbers.Count == most)
                throw file.Bad($"the header's entry '{name}' has a list that is not at most {most} whole numbers from 0 to 2^63 - 1");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    // The format asks that the tensors fill the rest of the file, one after the other: nothing may hide in a gap.
    private void CheckRanges()
    {
        ranges.Sort();
        long at = 0;
        foreach (var (begin, end, name) in ranges)
        {
            if (begin < at) throw file.Bad($"its tensor '{name}' overlaps the one before it: it begins at byte {begin}, not at {at}");
            if (begin > at) throw file.Bad($"the {begin - at} bytes before its tensor '{name}' belong to no tensor");
            at = end;
        }
        if (at != file.Length - dataStart) throw file.Bad($"the last {file.Length - dataStart - at} bytes belong to no tensor");
        entries.Sort((a, b) => (a.Where.Offset, a.Count).CompareTo((b.Where.Offset, b.Count)));
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}

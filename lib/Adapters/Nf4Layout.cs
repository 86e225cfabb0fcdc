using System.Globalization;
using System.Text;
using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// How bitsandbytes names the parts of a 4-bit weight in a file: after the weight's name come <c>.absmax</c>, <c>.quant_map</c>,
/// <c>.nested_absmax</c>, <c>.nested_quant_map</c>, and <c>.quant_state.bitsandbytes__nf4</c>, a JSON text as bytes.
/// </summary>
internal static class Nf4Layout
{
    private const string State = ".quant_state.bitsandbytes__nf4", Scales = ".absmax", Map = ".quant_map",
        NestedScales = ".nested_absmax", NestedMap = ".nested_quant_map";

    internal static bool Has(WeightFile file, string name) => file.Contains(name + State);

    /// <summary>The parts of one weight, by what follows its name.</summary>
    internal static IEnumerable<(string Key, Tensor Value)> Tensors(Nf4Weights weights)
    {
        var invariant = CultureInfo.InvariantCulture;
        var state = $"{{\"quant_type\": \"nf4\", \"blocksize\": {Nf4.BlockSize}, \"dtype\": \"{TypeName(weights.Type)}\", \"shape\": [{string.Join(", ", weights.Shape)}]";
        if (weights.NestedScales is not null)
            state += string.Create(invariant, $", \"nested_blocksize\": {Nf4.NestedBlockSize}, \"nested_dtype\": \"float32\", \"nested_offset\": {(double)weights.Offset:R}");
        yield return ("", weights.Packed);
        yield return (Scales, weights.Scales);
        yield return (Map, tensor(Nf4.Code.ToArray()));
        if (weights.NestedScales is { } nested)
        {
            yield return (NestedScales, nested);
            yield return (NestedMap, tensor(Nf4.DynamicMap.ToArray()));
        }
        yield return (State, tensor(Encoding.UTF8.GetBytes(state + "}")));
    }

    /// <summary>Reads one weight.</summary>
    /// <exception cref="CourseException">A part is missing or not what the layout says.</exception>
    internal static Nf4Weights Read(WeightFile file, string name)
    {
        using var scope = NewDisposeScope();
        var state = Parse(file, name);
        long[] shape = [.. state.Integers("shape").Select(side => (long)side)];
        state.Only("nf4", "quant_type");
        state.Only($"{Nf4.BlockSize}", "blocksize");
        state.Only($"{Nf4.NestedBlockSize}", "nested_blocksize");
        state.Only("float32", "nested_dtype");
        var (word, offset) = (state.Word("dtype", ""), (float)state.Number("nested_offset", 0));
        if (!shape.All(side => side > 0) || shape.Aggregate(1.0, (product, side) => product * side) > 1e15)
            throw Bad(file, name, "its 'shape' is none");
        var type = TypeOf(word) ?? throw Bad(file, name, $"its type '{word}' is none of a weight");
        var nested = file.Contains(name + NestedScales);
        if (nested && !state.Has("nested_offset")) throw Bad(file, name, "it has no 'nested_offset'");
        state.End("4-bit weights");
        var count = shape.Aggregate(1L, (product, side) => product * side);
        var blocks = (count + Nf4.BlockSize - 1) / Nf4.BlockSize;
        RequireMap(file, name + Map, Nf4.Code);
        var packed = Part(file, name, (count + 1) / 2, ElementType.U8);
        if (!nested) return new(shape, type, packed.view(-1, 1), Part(file, name + Scales, blocks, ElementType.F32), null, 0);
        RequireMap(file, name + NestedMap, Nf4.DynamicMap);
        return new(shape, type, packed.view(-1, 1), Part(file, name + Scales, blocks, ElementType.U8),
            Part(file, name + NestedScales, (blocks + Nf4.NestedBlockSize - 1) / Nf4.NestedBlockSize, ElementType.F32), offset);
    }

    private static ModelConfig Parse(WeightFile file, string name)
    {
        using var bytes = file.Read(name + State);
        return bytes.dtype == ScalarType.Byte
            ? ModelConfig.Parse(Encoding.UTF8.GetString(bytes.data<byte>().ToArray()), $"{file.Path}, {name}{State},")
            : throw Bad(file, name, $"its {State[1..]} is no text");
    }

    private static Tensor Part(WeightFile file, string name, long count, ElementType type)
    {
        var entry = file[name];
        return entry.Count == count && entry.Type == type
            ? file.Read(name)
            : throw Bad(file, name, $"it has {entry.Count} numbers of {entry.Type}, where the layout asks for {count} of {type}");
    }

    private static void RequireMap(WeightFile file, string name, IReadOnlyList<float> map)
    {
        using var values = Part(file, name, map.Count, ElementType.F32);
        if (!values.data<float>().ToArray().Zip(map).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-6f))
            throw Bad(file, name, "its table is not the published one");
    }

    private static CourseException Bad(WeightFile file, string name, string what) => new($"The 4-bit weight {name} in {file.Path} cannot be read: {what}.");

    private static string TypeName(ScalarType type) => type switch { ScalarType.Float16 => "float16", ScalarType.BFloat16 => "bfloat16", _ => "float32" };

    private static ScalarType? TypeOf(string name) => name.Replace("torch.", "", StringComparison.Ordinal) switch
    {
        "float16" => ScalarType.Float16, "bfloat16" => ScalarType.BFloat16, "float32" => ScalarType.Float32, _ => null,
    };
}

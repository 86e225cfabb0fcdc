using System.Buffers.Binary;
using System.Text.Json;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>Writes safetensors, the format of https://github.com/huggingface/safetensors.</summary>
public static class SafeTensors
{
    private const long BlockElements = 1 << 20;

    /// <summary>Writes a module's parameters and buffers under their own names.</summary>
    /// <param name="path">The file; a file of that name is replaced, and only when the new one is complete.</param>
    /// <param name="module">Whose state to write, on any device.</param>
    /// <param name="type">What floating-point tensors are converted to, <c>Float16</c> for example; their own type when not given.</param>
    /// <param name="metadata">Notes to carry along; null for none.</param>
    /// <exception cref="CourseException">The file cannot be written, or an element type is none of safetensors'.</exception>
    public static void Save(string path, nn.Module module, ScalarType? type = null, IReadOnlyDictionary<string, string>? metadata = null) =>
        Save(path, module.state_dict(), type, metadata);

    /// <summary>Writes named tensors.</summary>
    /// <inheritdoc cref="Save(string, nn.Module, ScalarType?, IReadOnlyDictionary{string, string}?)"/>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, ScalarType? type = null, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // By falling element size, then by name, as the reference writes: every tensor is aligned, and the order is always the same.
        var planned = tensors
            .Select(pair => (Name: pair.Key, Tensor: pair.Value, Type: StoredType(path, pair.Key, pair.Value, type)))
            .OrderByDescending(item => item.Type.Size()).ThenBy(item => item.Name, StringComparer.Ordinal).ToList();
        var header = Header(planned.Select(item => (item.Name, item.Type, item.Tensor.shape)), metadata);

        // A neighbor of its own for each process: two that save at once may not write into one file.
        var part = $"{path}.{Environment.ProcessId}.part";
        try
        {
            using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 1))
            {
                Span<byte> length = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                file.Write(length);
                file.Write(header);
                foreach (var (_, tensor, stored) in planned) Write(file, tensor, stored.Scalar()!.Value);
            }
            File.Move(part, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The weights file {path} cannot be written: {error.Message}", error);
        }
        finally
        {
            try { File.Delete(part); } catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
        }
    }

    private static ElementType StoredType(string path, string name, Tensor tensor, ScalarType? type)
    {
        if (name == "__metadata__") throw new CourseException($"The weights file {path} cannot be written: '__metadata__' is not a tensor's name in safetensors.");
        var scalar = tensor.is_floating_point() ? type ?? tensor.dtype : tensor.dtype;
        return ElementTypes.FromScalar(scalar)
            ?? throw new CourseException($"The weights file {path} cannot be written: its tensor '{name}' is {scalar}, which the course does not write; convert it first.");
    }

    private static byte[] Header(IEnumerable<(string Name, ElementType Type, long[] Shape)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (var (name, type, shape) in tensors)
            {
                var end = at + shape.Aggregate((long)type.Size(), (count, size) => count * size);
                json.WriteStartObject(name);
                json.WriteString("dtype", type.SafeTensorsName());
                WriteNumbers(json, "shape", shape);
                WriteNumbers(json, "data_offsets", [at, end]);
                json.WriteEndObject();
                at = end;
            }
            json.WriteEndObject();
        }
        while (bytes.Length % 8 != 0) bytes.WriteByte((byte)' ');
        return bytes.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    // A block at a time: converting or fetching the whole tensor at once would double the memory of a large model.
    private static void Write(FileStream file, Tensor tensor, ScalarType type)
    {
        if (tensor.NumberOfElements == 0) return;
        using var scope = NewDisposeScope();
        var flat = tensor.detach().contiguous().view(-1);
        for (long at = 0; at < flat.NumberOfElements; at += BlockElements)
        {
            using var block = NewDisposeScope();
            file.Write(flat.narrow(0, at, Math.Min(BlockElements, flat.NumberOfElements - at)).to(type, CPU).bytes);
        }
    }
}

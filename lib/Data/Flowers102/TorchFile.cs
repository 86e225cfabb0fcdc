using System.Buffers.Binary;
using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>A tensor from a Torch7 file.</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="Values">Its values, the last dimension fastest.</param>
public sealed record TorchTensor(IReadOnlyList<int> Shape, double[] Values);

/// <summary>
/// Reads the binary files that Torch7 (the Lua one) wrote with <c>torch.save</c>: nothing, numbers, strings, booleans,
/// tables and tensors of the CPU types, with shared objects shared. The layout is that of torch7's File.lua.
/// </summary>
public sealed class TorchFile
{
    private const int Nil = 0, Number = 1, Text = 2, Table = 3, Torch = 4, Boolean = 5;
    private const int MaxDepth = 100;

    private readonly byte[] bytes;
    private readonly Dictionary<int, object> shared = [];
    private int at;

    private TorchFile(byte[] bytes) => this.bytes = bytes;

    /// <summary>The object in the file: null, <see cref="double"/>, <see cref="string"/>, <see cref="bool"/>, a dictionary, or a <see cref="TorchTensor"/>.</summary>
    /// <exception cref="CourseException">The file is missing, truncated, or not such a file.</exception>
    public static object? Read(string path)
    {
        try
        {
            var file = new TorchFile(File.ReadAllBytes(path));
            return file.ReadObject(0);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CourseException($"The file '{path}' does not exist.", error);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or OverflowException)
        {
            throw new CourseException($"'{path}' cannot be read as a Torch7 file ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    private object? ReadObject(int depth)
    {
        if (depth > MaxDepth) throw new InvalidDataException("its tables lie too deep in one another");
        return Int32() switch
        {
            Nil => null,
            Number => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
            Text => String(),
            Boolean => Int32() != 0,
            Table => ReadTable(depth),
            Torch => ReadTorch(depth),
            var kind => throw new InvalidDataException($"an object of kind {kind} at byte {at - 4} is not one of nil, number, string, table, tensor or boolean"),
        };
    }

    private Dictionary<object, object?> ReadTable(int depth)
    {
        var index = Int32();
        if (shared.TryGetValue(index, out var known)) return As<Dictionary<object, object?>>(known);
        var table = new Dictionary<object, object?>();
        shared[index] = table;
        var count = Int32();
        for (var i = 0; i < count; i++)
        {
            var key = ReadObject(depth + 1) ?? throw new InvalidDataException("a table has a key that is nil");
            table[key] = ReadObject(depth + 1);
        }
        return table;
    }

    private object ReadTorch(int depth)
    {
        var index = Int32();
        if (shared.TryGetValue(index, out var known)) return known;
        var name = String();
        // Before versions were written, the class name stood here.
        if (name.StartsWith("V ", StringComparison.Ordinal)) name = String();
        object value = name.StartsWith("torch.", StringComparison.Ordinal) && name.EndsWith("Tensor", StringComparison.Ordinal) ? ReadTensor(depth)
            : name.StartsWith("torch.", StringComparison.Ordinal) && name.EndsWith("Storage", StringComparison.Ordinal) ? ReadStorage(name)
            : throw new InvalidDataException($"it holds an object of the class '{name}'");
        shared[index] = value;
        return value;
    }

    private TorchTensor ReadTensor(int depth)
    {
        var rank = Int32();
        if (rank is < 0 or > 16) throw new InvalidDataException($"a tensor has {rank} dimensions");
        var shape = new int[rank];
        var strides = new long[rank];
        for (var i = 0; i < rank; i++) shape[i] = checked((int)Int64());
        for (var i = 0; i < rank; i++) strides[i] = Int64();
        var offset = Int64() - 1;
        var storage = ReadObject(depth + 1) is { } data ? As<double[]>(data) : [];
        var count = rank == 0 ? 0 : shape.Aggregate(1L, (product, side) => side < 0 ? throw new InvalidDataException("a tensor has a negative size") : checked(product * side));
        if (count > int.MaxValue) throw new InvalidDataException($"a tensor has {count} elements");

        // A tensor may be a view of its storage: walk its elements in order.
        var values = new double[count];
        var place = new int[rank];
        for (var i = 0; i < count; i++)
        {
            var from = offset;
            for (var d = 0; d < rank; d++) from += place[d] * strides[d];
            if ((ulong)from >= (ulong)storage.Length) throw new InvalidDataException("a tensor reaches outside its storage");
            values[i] = storage[from];
            for (var d = rank - 1; d >= 0 && ++place[d] == shape[d]; d--) place[d] = 0;
        }
        return new TorchTensor(shape, values);
    }

    private double[] ReadStorage(string name)
    {
        var count = Int64();
        var kind = name["torch.".Length..^"Storage".Length];
        var size = kind switch
        {
            "Byte" or "Char" => 1,
            "Short" => 2,
            "Int" or "Float" => 4,
            "Long" or "Double" => 8,
            _ => throw new InvalidDataException($"it holds a storage of the class '{name}'"),
        };
        if (count < 0 || count > (bytes.Length - at) / size) throw Truncated(count * size);
        var raw = Take((int)count * size);
        var values = new double[count];
        for (var i = 0; i < values.Length; i++)
        {
            var element = raw[(i * size)..];
            values[i] = kind switch
            {
                "Byte" => element[0],
                "Char" => (sbyte)element[0],
                "Short" => BinaryPrimitives.ReadInt16LittleEndian(element),
                "Int" => BinaryPrimitives.ReadInt32LittleEndian(element),
                "Long" => BinaryPrimitives.ReadInt64LittleEndian(element),
                "Float" => BinaryPrimitives.ReadSingleLittleEndian(element),
                _ => BinaryPrimitives.ReadDoubleLittleEndian(element),
            };
        }
        return values;
    }

    private static T As<T>(object value) => value is T typed ? typed : throw new InvalidDataException("one object is referred to as two kinds");

    private string String() => Encoding.UTF8.GetString(Take(Int32()));

    private int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    private long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - at) throw Truncated(count);
        var taken = bytes.AsSpan(at, count);
        at += count;
        return taken;
    }

    private InvalidDataException Truncated(long wanted) =>
        new(wanted < 0 ? $"a length at byte {at} is negative" : $"it is truncated: {wanted} bytes are wanted at byte {at} of {bytes.Length}");
}

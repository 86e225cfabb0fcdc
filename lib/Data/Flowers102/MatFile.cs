using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>A matrix of real numbers from a MAT file.</summary>
/// <param name="Shape">Rows, columns, and so on.</param>
/// <param name="Values">The numbers, column by column, as MATLAB keeps them.</param>
public sealed record MatArray(IReadOnlyList<int> Shape, double[] Values);

/// <summary>
/// Reads the real numeric matrices of a MATLAB 5 to 7 file, compressed or not ("MAT-File Format", The MathWorks,
/// chapter 1). Other variables (text, cells, structures, complex or sparse numbers) are passed over.
/// </summary>
public static class MatFile
{
    private const int Int8 = 1, Compressed = 15, Matrix = 14, Single = 7, Double = 9;
    private const int FirstNumericClass = 6, LastNumericClass = 15;
    private const long MaxBytes = 1 << 28;

    /// <summary>The matrices by name.</summary>
    /// <exception cref="CourseException">The file is missing, truncated, or not such a file.</exception>
    public static IReadOnlyDictionary<string, MatArray> Read(string path)
    {
        try
        {
            return Read(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CourseException($"The file '{path}' does not exist.", error);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or OverflowException)
        {
            throw new CourseException($"'{path}' cannot be read as a MATLAB 5 file ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    private static Dictionary<string, MatArray> Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < 128) throw new InvalidDataException($"it has {file.Length} bytes, fewer than the header's 128");
        if (file[..19].SequenceEqual("MATLAB 7.3 MAT-file"u8)) throw new InvalidDataException("it is of version 7.3, which is HDF5");
        if (!file[..10].SequenceEqual("MATLAB 5.0"u8)) throw new InvalidDataException("it does not begin with 'MATLAB 5.0'");
        if (!file[126..128].SequenceEqual("IM"u8)) throw new InvalidDataException("its byte order is not little-endian");

        var found = new Dictionary<string, MatArray>();
        for (var rest = file[128..]; rest.Length > 0;)
        {
            var element = Next(ref rest, out var type, padded: false);
            if (type == Compressed)
            {
                ReadOnlySpan<byte> inner = Inflate(element);
                element = Next(ref inner, out type, padded: false);
            }
            if (type == Matrix) AddMatrix(element, found);
        }
        return found;
    }

    /// <summary>Takes the next element off <paramref name="rest"/>. Small ones hide up to four bytes in their tag.</summary>
    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest, out int type, bool padded = true)
    {
        if (rest.Length < 8) throw new InvalidDataException("it ends inside an element's tag");
        var first = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        if (first >> 16 is > 0 and var small)
        {
            if (small > 4) throw new InvalidDataException($"a small element claims {small} bytes");
            type = (int)(first & 0xFFFF);
            var packed = rest.Slice(4, (int)small);
            rest = rest[8..];
            return packed;
        }
        type = (int)first;
        var size = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        if (size > rest.Length - 8) throw new InvalidDataException($"it is truncated: an element of {size} bytes has only {rest.Length - 8} left");
        var element = rest.Slice(8, (int)size);
        var taken = 8 + (padded ? ((int)size + 7) & ~7 : (int)size);
        rest = rest[Math.Min(taken, rest.Length)..];
        return element;
    }

    private static byte[] Inflate(ReadOnlySpan<byte> zlib)
    {
        using var inflater = new ZLibStream(new MemoryStream(zlib.ToArray()), CompressionMode.Decompress);
        var inflated = new MemoryStream();
        var block = new byte[1 << 16];
        for (int read; (read = inflater.Read(block)) > 0;)
        {
            inflated.Write(block, 0, read);
            if (inflated.Length > MaxBytes) throw new InvalidDataException("a variable unpacks to more than 256 MB");
        }
        return inflated.ToArray();
    }

    private static void AddMatrix(ReadOnlySpan<byte> matrix, Dictionary<string, MatArray> found)
    {
        var flags = Next(ref matrix, out _);
        if (flags.Length < 8) throw new InvalidDataException("a matrix has no flags");
        var (kind, complex) = (flags[0], (flags[1] & 0x08) != 0);
        var dimensions = Next(ref matrix, out _);
        var shape = new int[dimensions.Length / 4];
        for (var i = 0; i < shape.Length; i++) shape[i] = BinaryPrimitives.ReadInt32LittleEndian(dimensions[(i * 4)..]);
        var name = Encoding.ASCII.GetString(Next(ref matrix, out _));
        if (kind is < FirstNumericClass or > LastNumericClass || complex) return;

        // Numbers are stored in the smallest type that holds them, whatever the matrix's own.
        var values = Numbers(Next(ref matrix, out var type), type);
        var expected = shape.Aggregate(1L, (product, side) => checked(product * side));
        if (values.Length != expected) throw new InvalidDataException($"'{name}' has {values.Length} numbers instead of {expected}");
        found[name] = new MatArray(shape, values);
    }

    private static double[] Numbers(ReadOnlySpan<byte> bytes, int type)
    {
        var size = type switch
        {
            Int8 or 2 => 1,
            3 or 4 => 2,
            5 or 6 or Single => 4,
            Double or 12 or 13 => 8,
            _ => throw new InvalidDataException($"numbers of type {type} are unknown"),
        };
        var values = new double[bytes.Length / size];
        for (var i = 0; i < values.Length; i++)
        {
            var at = bytes[(i * size)..];
            values[i] = type switch
            {
                Int8 => (sbyte)at[0],
                2 => at[0],
                3 => BinaryPrimitives.ReadInt16LittleEndian(at),
                4 => BinaryPrimitives.ReadUInt16LittleEndian(at),
                5 => BinaryPrimitives.ReadInt32LittleEndian(at),
                6 => BinaryPrimitives.ReadUInt32LittleEndian(at),
                Single => BinaryPrimitives.ReadSingleLittleEndian(at),
                Double => BinaryPrimitives.ReadDoubleLittleEndian(at),
                12 => BinaryPrimitives.ReadInt64LittleEndian(at),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(at),
            };
        }
        return values;
    }
}

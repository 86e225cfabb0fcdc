using System.Buffers.Binary;
using System.Text;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The files that tests/Fixtures/make_weights.py made, and the numbers they hold.</summary>
internal static class WeightFixtures
{
    internal static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", "weights", name);

    /// <summary>Element i as the script defines it.</summary>
    internal static double Number(long i, ElementType type)
    {
        var value = i * 7 % 23 - 11;
        return type switch
        {
            ElementType.F64 or ElementType.F32 or ElementType.F16 or ElementType.BF16 => value / 4.0,
            ElementType.U8 => value + 11,
            ElementType.Bool => value > 0 ? 1 : 0,
            _ => value,
        };
    }

    internal static double[] Numbers(int count, ElementType type = ElementType.F32) =>
        [.. Enumerable.Range(0, count).Select(i => Number(i, type))];

    internal static double[] Values(this WeightFile file, string name)
    {
        using var tensor = file.Read(name);
        return tensor.Values();
    }

    internal static double[] Values(this Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return [];
        using var flat = tensor.to(ScalarType.Float64).contiguous();
        return flat.data<double>().ToArray();
    }

    /// <summary>A safetensors file from its header's text.</summary>
    internal static byte[] SafeTensorsBytes(string header, int dataBytes, ulong? headerLength = null)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + text.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, headerLength ?? (ulong)text.Length);
        text.CopyTo(bytes, 8);
        return bytes;
    }

    /// <summary>The one line that opening these bytes gives.</summary>
    internal static string Refusal(byte[] bytes, string name = "file.bin")
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(name, bytes);
        var message = Assert.Throws<CourseException>(() => WeightFile.Open(path).Dispose()).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(path, message);
        return message;
    }
}

using System.Buffers.Binary;
using System.Text;
using ImageGen.Diffusion;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// The U-Net of Stable Diffusion 1.5 from a file of its true layout, 3.4 GB, into a model that has no memory yet, against reading
/// the same file's bytes into new memory. From the page cache, where the machine has room for the file.
/// </summary>
internal static class LoadBench
{
    public static IEnumerable<Measurement> Run()
    {
        var folder = Directory.CreateTempSubdirectory("imagegen-bench-");
        try
        {
            var path = Path.Combine(folder.FullName, "unet.safetensors");
            Write(path);
            long peak = 0, bytes = new FileInfo(path).Length;
            var (load, read, _) = Paired.Time(() =>
            {
                var before = ProcessMemory.Resident;
                using var file = WeightFile.Open(path);
                using var unet = UNet.Open(file, UNetConfig.StableDiffusion, CPU);
                // The first time, nothing larger has been there before.
                if (peak == 0) peak = ProcessMemory.Peak - before;
            }, () => Read(path), rounds: 3);
            return
            [
                new("U-Net of 3.4 GB: loading", bytes / 1e9 / load, "GB/s"),
                new("  over reading its bytes", read / load, AtLeast: 0.8),
                new("  memory over the weights'", peak / (double)bytes, AtMost: 1.1),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Read(string path)
    {
        const int stretch = 1 << 24;
        using var scope = NewDisposeScope();
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        var memory = empty([length], ScalarType.Byte);
        for (long at = 0; at < length;)
        {
            using var part = memory.narrow(0, at, Math.Min(stretch, length - at));
            at += RandomAccess.Read(file, part.bytes, at);
        }
    }

    // The numbers do not matter to the clock; that they are written does, for a hole in a file is not read from anywhere.
    private static void Write(string path)
    {
        using var unet = new UNet(UNetConfig.StableDiffusion, new Device(DeviceType.META));
        var header = new StringBuilder("{");
        long at = 0;
        foreach (var (name, value) in unet.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var end = at + 4 * value.numel();
            header.Append($"{(at == 0 ? "" : ",")}\"{name}\":{{\"dtype\":\"F32\",\"shape\":[{string.Join(',', value.shape)}],\"data_offsets\":[{at},{end}]}}");
            at = end;
        }
        var text = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        using var file = File.Create(path);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        file.Write(length);
        file.Write(text);
        var block = new byte[1 << 24];
        new Random(1).NextBytes(block);
        for (var i = 3; i < block.Length; i += 4) block[i] &= 0xBF; // no exponent of all ones: NaN is refused
        for (; at > 0; at -= block.Length) file.Write(block, 0, (int)Math.Min(at, block.Length));
    }
}

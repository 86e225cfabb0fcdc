using System.Diagnostics;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// Reading weights against reading the same file's bytes, in turns within one run: half a gigabyte in the shape of VGG-19's
/// largest layers, from the page cache into memory that is already there, as a model's parameters are.
/// </summary>
internal static class WeightsBench
{
    private const int Rounds = 9;

    /// <summary>Ratios of medians, and the peak memory that loading adds.</summary>
    public static IReadOnlyList<Measurement> Run()
    {
        var measurements = new List<Measurement>();
        var folder = Directory.CreateTempSubdirectory("imagegen-bench-");
        try
        {
            using var net = nn.Sequential(("0", nn.Linear(25088, 4096)), ("3", nn.Linear(4096, 4096)), ("6", nn.Linear(4096, 1000)));
            string full = Path.Combine(folder.FullName, "full.safetensors"), half = Path.Combine(folder.FullName, "half.safetensors");
            SafeTensors.Save(full, net);
            SafeTensors.Save(half, net, ScalarType.Float16);
            measurements.AddRange(Compare(full, net, "Float32 into Float32"));
            measurements.AddRange(Compare(half, net, "Float16 into Float32"));
            foreach (var layer in net.children()) layer.to(ScalarType.Float16);
            measurements.AddRange(Compare(half, net, "Float16 into Float16"));
            return measurements;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<Measurement> Compare(string path, nn.Module net, string name)
    {
        var length = new FileInfo(path).Length;
        var bytes = new byte[length];
        Array.Fill(bytes, (byte)1);
        List<double> plain = [], weights = [];
        var before = ProcessMemory.Resident;
        long most = 0;
        for (var round = 0; round < Rounds; round++)
        {
            plain.Add(Seconds(() =>
            {
                using var file = File.OpenHandle(path);
                for (var at = 0; at < bytes.Length;) at += RandomAccess.Read(file, bytes.AsSpan(at), at);
            }));
            weights.Add(Seconds(() =>
            {
                using var file = WeightFile.Open(path);
                file.LoadInto(net);
                most = Math.Max(most, ProcessMemory.Resident);
            }));
        }
        yield return new($"{name}: reading bytes", length / 1e9 / Median(plain), "GB/s");
        yield return new($"{name}: loading tensors over reading bytes", Median(plain) / Median(weights), AtLeast: 0.8);
        yield return new($"{name}: peak memory over the weights'", 1 + Math.Max(0, most - before) / (double)WeightBytes(net), AtMost: 1.1);
    }

    private static long WeightBytes(nn.Module net) => net.parameters().Sum(parameter => parameter.numel() * parameter.element_size());

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

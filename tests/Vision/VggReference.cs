using System.Text.Json;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>torchvision's VGG with weights made by formula, and what comes out of each of its layers (tests/Fixtures/make_style.py).</summary>
internal static class VggReference
{
    private static readonly JsonElement Expected =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vgg.json"))).RootElement;

    /// <summary>The picture that the reference looked at, <c>[1, 3, 40, 56]</c>.</summary>
    public static Tensor Picture() => (FormulaNumbers.Tensor(999, 1, 3, 40, 56) / 2 + 0.5).to(ScalarType.Float32);

    /// <summary>The values of one of the <c>features</c>' parameters.</summary>
    public static Tensor Weight(string name, long[] shape)
    {
        var index = ulong.Parse(name.Split('.')[1]);
        var isWeight = name.EndsWith("weight", StringComparison.Ordinal);
        var scale = isWeight ? Math.Sqrt(6.0 / (9 * shape[1])) : 0.1;
        return FormulaNumbers.Tensor(isWeight ? index : 100 + index, shape) * scale;
    }

    /// <summary>Asserts that every layer's map is the reference's: its shape, its mean and six of its values, within 1e-4 of its spread.</summary>
    public static void AssertEqual(string fixture, FeatureMaps maps)
    {
        foreach (var (map, expected) in maps.Zip(Expected.GetProperty(fixture).EnumerateArray()))
        {
            Assert.Equal(expected.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64()), map.Value.shape);
            var tolerance = 1e-4 * Math.Max(1e-3, expected.GetProperty("spread").GetDouble());
            Assert.Equal(expected.GetProperty("mean").GetDouble(), map.Value.mean().ToDouble(), tolerance);
            var values = map.Value.flatten();
            foreach (var (at, value) in expected.GetProperty("at").EnumerateArray().Zip(expected.GetProperty("values").EnumerateArray()))
                Assert.Equal(value.GetDouble(), values[at.GetInt64()].ToDouble(), tolerance);
        }
    }
}

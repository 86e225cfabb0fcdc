using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The files in tests/Fixtures/metrics, which make_metrics.py made with other implementations.</summary>
internal static class MetricsFixtures
{
    internal static JsonElement Json(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "metrics", name))).RootElement;

    internal static double[] Numbers(this JsonElement element, string property) => [.. element.GetProperty(property).EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>The formula's numbers in float32.</summary>
    internal static Tensor Float(ulong stream, params long[] shape) => FormulaNumbers.Tensor(stream, shape).to(ScalarType.Float32);
}

using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Inception as the FID has it, against torchvision's with the FID's changes (make_metrics.py).</summary>
public sealed class InceptionTests
{
    private static readonly JsonElement Reference = MetricsFixtures.Json("inception.json");

    // "small": activations whose variance is near the batch norms' epsilon, where a wrong one shows.
    [Theory]
    [InlineData("usual", 1.0)]
    [InlineData("small", 1e-3)]
    public void EveryLayerEqualsTheReference(string label, double variance)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = Filled(variance);
        var expected = Reference.GetProperty(label);
        var seen = 0;
        var pool = network.Run(MetricsFixtures.Float(999, 1, 3, 107, 107), (name, map) =>
        {
            if (!expected.GetProperty("layers").TryGetProperty(name, out var layer)) return;
            seen++;
            Assert.Equal(layer.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64()), map.shape);
            var tolerance = 1e-4 * layer.GetProperty("spread").GetDouble();
            Assert.Equal(layer.GetProperty("mean").GetDouble(), map.mean().ToDouble(), tolerance);
            var flat = map.flatten();
            foreach (var (at, value) in layer.Numbers("at").Zip(layer.Numbers("values"))) Assert.Equal(value, flat[(long)at].ToDouble(), tolerance * 3);
        });
        Assert.Equal(16, seen);
        var values = expected.Numbers("pool");
        for (var i = 0; i < values.Length; i++) Assert.Equal(values[i], pool[0, 16 * i].ToDouble(), 1e-4 * values.Max());
        Assert.Equal(expected.GetProperty("pool_mean").GetDouble(), pool.mean().ToDouble(), 1e-4 * values.Max());
    }

    [Fact]
    public void NamesAndShapesAreThePublishedOnes()
    {
        using var network = new InceptionFeatures();
        FormulaWeights.AssertNames(Reference.GetProperty("names"), network);
        Assert.All(network.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void APublishedFileIsReadWithAndWithoutCounts()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var made = Filled(1);
        var tensors = made.state_dict();
        tensors["Mixed_5b.branch1x1.bn.num_batches_tracked"] = tensor(0L);
        tensors["fc.weight"] = zeros(3, 2);
        tensors["fc.bias"] = zeros(3);
        SafeTensors.Save(folder["inception.safetensors"], tensors);
        using var read = InceptionFeatures.Load(folder["inception.safetensors"]);
        foreach (var (name, value) in made.state_dict()) Assert.True(read.state_dict()[name].equal(value).all().item<bool>(), name);
    }

    [Fact]
    public void PicturesAreResizedAsTheReferenceDoes()
    {
        using var scope = NewDisposeScope();
        using var small = MetricsFixtures.Float(77, 1, 3, 5, 4);
        var resized = InceptionFeatures.Resized(small);
        FormulaWeights.AssertClose(Reference.GetProperty("resized"), resized[0, .., TensorIndex.Slice(0, null, 60), TensorIndex.Slice(0, null, 60)]);
    }

    [Fact]
    public void OtherTensorsAreNamed()
    {
        using var network = new InceptionFeatures();
        using var grey = zeros(1, 1, 80, 80);
        Assert.Contains("[1, 1, 80, 80]", Assert.Throws<CourseException>(() => network.Features(grey)).Message);
    }

    private static InceptionFeatures Filled(double variance)
    {
        using var scope = NewDisposeScope(); // a network survives the scope it was made in
        using var noGrad = no_grad();
        var network = new InceptionFeatures();
        foreach (var ((name, value), stream) in network.state_dict().OrderBy(p => p.Key, StringComparer.Ordinal).Select((p, i) => ((p.Key, p.Value), (ulong)i)))
        {
            using var step = NewDisposeScope();
            var n = FormulaNumbers.Tensor(stream, value.shape);
            value.copy_(name.Split('.')[^1] switch
            {
                "weight" when name.EndsWith("conv.weight", StringComparison.Ordinal) => n * Math.Sqrt(6 / (double)(value.numel() / value.shape[0])) * Math.Sqrt(variance),
                "weight" => 1 + 0.2 * n,
                "running_var" => variance * (1 + 0.5 * n),
                "running_mean" => 0.1 * Math.Sqrt(variance) * n,
                _ => 0.1 * n,
            });
        }
        return network;
    }
}

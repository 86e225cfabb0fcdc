using System.Text.Json.Nodes;
using ImageGen.Runtime;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>ResNet-18 as it came with the build, against ONNX Runtime (tests/Fixtures/make_resnet18.cs).</summary>
public sealed class ResNetFeaturesTests
{
    private const int Size = 224;

    private static JsonObject Expected => JsonNode.Parse(File.ReadAllText(Fixture.PathOf("resnet18.json")))!.AsObject();

    [Fact]
    public void EveryLayerEqualsOnnxRuntimes()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18(padding: ResNetPadding.Zeros);
        Assert.Equal(["pixels", "stem", "layer1_1", "layer1_2", "layer2_1", "layer2_2", "layer3_1", "layer3_2", "layer4_1",
            "layer4_2", "layer4_3"],
            network.LayerNames);
        var maps = network.Extract(Wave(), [.. network.LayerNames]);
        var layers = maps.ToDictionary(map => map.Key, map => map.Value);
        layers["pooled"] = layers["layer4_3"].mean([2, 3], keepdim: true);
        foreach (var (layer, expected) in Expected.Where(entry => entry.Key != "mean"))
        {
            var values = layers[layer].contiguous().view(-1);
            Assert.Equal(expected!["shape"]!.AsArray().Select(size => (long)size!), layers[layer].shape);
            Assert.Equal(1, values.norm().ToDouble() / (double)expected["norm"]!, 1e-5);
            var samples = expected["samples"]!.AsArray().Select(value => (float)value!).ToArray();
            var found = values.index_select(0, (arange(samples.Length) * 7919 + 13).remainder(values.numel()));
            var largest = values.abs().max().ToDouble();
            Assert.Equal(0, (found - tensor(samples)).abs().max().ToDouble() / largest, 1e-5);
        }
        Assert.True(maps["pixels"].equal(Wave() - network.Mean).all().ToBoolean());
        // The mean picture's channels, blue first, of 0 … 255.
        var mean = Expected["mean"]!.AsArray().Select(value => (double)value! / 255).Reverse().ToArray();
        Assert.Equal(mean, network.Mean.Values(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void PooledFeaturesEqualOnnxRuntimesAndEverySizeIsBroughtToOne()
    {
        using var scope = NewDisposeScope();
        using var pooled = new ResNetPooled(Size);
        var expected = Expected["pooled"]!["samples"]!.AsArray().Select(value => (float)value!).ToArray();
        var picture = Wave() * 2 - 1;
        var features = pooled.Features(cat([picture, picture.flip(3)]));
        Assert.Equal([2, pooled.Width], features.shape);
        var found = features[0].index_select(0, (arange(expected.Length) * 7919 + 13).remainder(512));
        Assert.Equal(0, ((found - tensor(expected)).abs().max() / features[0].max()).ToDouble(), 1e-5);
        using var smaller = new ResNetPooled(64);
        Assert.Equal([1, 512], smaller.Features(picture).shape);
        Assert.Contains("64 pixels or more", Assert.Throws<CourseException>(() => new ResNetPooled(32)).Message);
    }

    [Fact]
    public void AMirroredEdgeLeavesNoFrame()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mirrored = FeatureNetworks.ResNet18();
        using var published = FeatureNetworks.ResNet18(padding: ResNetPadding.Zeros);
        var plain = full([1, 3, 96, 96], 0.8f);
        foreach (var layer in mirrored.LayerNames.Skip(1))
        {
            Assert.Equal(0, Unevenness(mirrored, layer), 1e-4);
            Assert.True(Unevenness(published, layer) > 0.1, layer);
        }

        double Unevenness(FeatureNetwork network, string layer)
        {
            var map = network.Extract(plain, layer)[layer];
            return ((map.amax([2, 3]) - map.amin([2, 3])).max() / map.max()).ToDouble();
        }
    }

    [Theory]
    [InlineData("stem", 37, 51, 18, 25)]
    [InlineData("layer1_1", 37, 51, 9, 12)]
    [InlineData("layer2_2", 37, 51, 4, 6)]
    [InlineData("layer3_2", 67, 95, 4, 5)]
    [InlineData("layer4_3", 95, 130, 2, 4)]
    public void EveryHalvingRoundsDown(string layer, int height, int width, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = FeatureNetworks.ResNet18(layer);
        Assert.Equal([rows, columns], network.Extract(rand(1, 3, height, width), layer)[layer].shape[2..]);
    }

    [Theory]
    [InlineData("stem", 2, 4, 1)]
    [InlineData("layer1_2", 4, 24, 5)]
    [InlineData("layer2_2", 8, 56, 10)]
    [InlineData("layer3_2", 16, 112, 15)]
    [InlineData("layer4_3", 32, 288, 22)]
    public void NothingAfterTheLastLayerIsBuiltAndItsReachIsCounted(
        string layer, int stride, int reach, int convolutions)
    {
        using var network = FeatureNetworks.ResNet18(layer);
        Assert.Equal((layer, stride, reach), (network.LayerNames[^1], network.Stride, network.Reach));
        Assert.Equal(convolutions, network.parameters().Count() / 2);
        Assert.All(network.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void GradientsFlowToThePictureAsItsDifferencesSay()
    {
        using var scope = NewDisposeScope();
        using var network = FeatureNetworks.ResNet18("layer2_2");
        network.to(float64);
        var picture = Wave()[.., .., ..48, ..64].to(float64).requires_grad_();
        var direction = FormulaNumbers.Tensor(5, 1, 3, 48, 64);
        var slope = (autograd.grad([Loss(picture)], [picture])[0] * direction).sum().ToDouble();
        using var noGrad = no_grad();
        const double step = 1e-6;
        var difference = (Loss(picture + step * direction) - Loss(picture - step * direction)).ToDouble() / (2 * step);
        Assert.Equal(1, slope / difference, 1e-3); // some ReLU bends between

        Tensor Loss(Tensor x) =>
            network.Extract(x, "stem", "layer2_2").Select(map => map.Value.square().mean()).Aggregate((a, b) => a + b);
    }

    [Fact]
    public void AnotherNetworksFileIsRefusedByTheLayersItLacks()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var mean = PackagedWeights.PathOf("resnet18", "ResNetPreprocess.onnx");
        var path = PackagedWeights.PathOf("resnet18");
        using var network = new ResNetFeatures("layer2_2", ResNetPadding.Zeros);
        var before = network.StemFilters.clone();
        Assert.Contains("10 of its convolutions missing: conv1, layer1.0.conv1, layer1.0.conv2, layer1.1.conv1",
            Refusal(WeightFixtures.Path("types.onnx"), mean));
        var bytes = File.ReadAllBytes(path);
        // The last convolution that is wanted takes a tensor that is not there.
        var at = bytes.AsSpan().IndexOf("Parameter55"u8);
        bytes[at + 9] = (byte)'X';
        Assert.EndsWith("is not the published ResNet-18: 1 of its convolutions missing: layer2.1.conv2.",
            Refusal(folder.Write("altered.onnx", bytes), mean));
        "Parameter10"u8.CopyTo(bytes.AsSpan(at));
        Assert.EndsWith("1 of its convolutions of another shape: layer2.1.conv2 (file [512, 512, 3, 3], model " +
            "[128, 128, 3, 3]).",
            Refusal(folder.Write("another.onnx", bytes), mean));
        Assert.Contains("cut short", Refusal(folder.Write("cut.onnx", bytes[..(bytes.Length / 2)]), mean));
        Assert.Contains("has no tensor 'MeanImage'", Refusal(path, path));
        Assert.True(network.StemFilters.equal(before).all().ToBoolean());
        Assert.Contains("ResNet-18 has no layer 'relu5_1'; it has pixels, stem, layer1_1",
            Assert.Throws<CourseException>(() => FeatureNetworks.ResNet18("relu5_1")).Message);

        string Refusal(string weights, string preprocessing)
        {
            var message = Assert.Throws<CourseException>(() => ResNetWeights.Load(network, weights, preprocessing))
                .Message;
            Assert.DoesNotContain('\n', message);
            return message;
        }
    }

    // The picture of make_resnet18.cs.
    private static Tensor Wave()
    {
        var values = new float[3 * Size * Size];
        for (var i = 0; i < values.Length; i++)
        {
            var (c, y, x) = (i / (Size * Size), i / Size % Size, i % Size);
            values[i] = (float)(0.5 + 0.5 * Math.Sin(c + 0.11 * x + 0.05 * y + 0.003 * x * y));
        }
        return tensor(values).view(1, 3, Size, Size);
    }
}

using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>VGG against torchvision's (tests/Fixtures/make_style.py), with weights made by formula.</summary>
public class VggFeaturesTests
{
    [Theory]
    [InlineData(VggDepth.Vgg19, "vgg19", 37)]
    [InlineData(VggDepth.Vgg16, "vgg16", 31)]
    public void EveryLayerEqualsTorchvisions(VggDepth depth, string fixture, int layers)
    {
        using var scope = NewDisposeScope();
        using var network = WithFormulaWeights(new VggFeatures(depth));
        var maps = network.Extract(VggReference.Picture(), [.. network.LayerNames]);
        Assert.Equal(layers, maps.Count);
        VggReference.AssertEqual(fixture, maps);
    }

    [Fact]
    public void LayersHaveTorchvisionsIndices()
    {
        using var vgg19 = new VggFeatures();
        foreach (var (layer, index) in new[]
            { ("conv1_1", 0), ("relu1_1", 1), ("pool1", 4), ("conv2_1", 5), ("conv3_1", 10), ("pool3", 18), ("conv4_1", 19), ("conv4_2", 21), ("relu4_2", 22), ("conv5_1", 28), ("relu5_1", 29), ("pool5", 36) })
            Assert.Equal(index, vgg19.IndexOf(layer));
        // torchvision's keys and shapes: 16 convolutions, the first and last of them here.
        var state = vgg19.state_dict();
        Assert.Equal(32, state.Count);
        Assert.Equal([64, 3, 3, 3], state["features.0.weight"].shape);
        Assert.Equal([512], state["features.34.bias"].shape);
        // 143,667,240 parameters in all, less the three dense layers'.
        Assert.Equal(143_667_240 - (25088L * 4096 + 4096 + 4096L * 4096 + 4096 + 4096L * 1000 + 1000), state.Values.Sum(weight => weight.numel()));
    }

    [Fact]
    public void NothingAfterTheLastLayerIsBuilt()
    {
        using var cut = new VggFeatures(lastLayer: "relu2_1");
        Assert.Equal(["features.0.weight", "features.0.bias", "features.2.weight", "features.2.bias", "features.5.weight", "features.5.bias"], cut.state_dict().Keys);
        Assert.Equal("relu2_1", cut.LayerNames[^1]);
        Assert.All(cut.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    [Fact]
    public void AConvolutionsMapIsNotRectifiedByTheReluAfterIt()
    {
        using var scope = NewDisposeScope();
        using var network = WithFormulaWeights(new VggFeatures(lastLayer: "relu1_1"));
        var picture = rand(1, 3, 8, 8);
        var both = network.Extract(picture, "conv1_1", "relu1_1");
        Assert.True(both["conv1_1"].min().ToDouble() < 0);
        Assert.True(both["relu1_1"].equal(both["conv1_1"].relu()).all().item<bool>());
    }

    [Theory]
    [InlineData(VggPooling.Average, 4)]
    [InlineData(VggPooling.DoubledAverage, 2)]
    public void AveragePoolingIsTheMeanOrTwiceTheMean(VggPooling pooling, double parts)
    {
        using var scope = NewDisposeScope();
        using var network = WithFormulaWeights(new VggFeatures(pooling: pooling, lastLayer: "pool1"));
        var maps = network.Extract(rand(1, 3, 8, 8), "relu1_2", "pool1");
        var corner = maps["relu1_2"][0, 5];
        var byHand = (corner[0, 0] + corner[0, 1] + corner[1, 0] + corner[1, 1]).ToDouble() / parts;
        Assert.Equal(byHand, maps["pool1"][0, 5, 0, 0].ToDouble(), 1e-5);
    }

    [Fact]
    public void GradientsReachThePicture()
    {
        using var scope = NewDisposeScope();
        using var network = WithFormulaWeights(new VggFeatures(lastLayer: "relu3_1"));
        var picture = rand([1, 3, 16, 16], requires_grad: true);
        network.Extract(picture, "conv1_1", "relu1_1", "relu3_1")["relu3_1"].sum().backward();
        Assert.True(picture.grad!.abs().sum().ToDouble() > 0);
    }

    [Fact]
    public void UnknownLayersAndWrongPicturesAreNamed()
    {
        using var network = new VggFeatures(lastLayer: "pool1");
        using var picture = rand(1, 3, 8, 8);
        using var grey = rand(1, 1, 8, 8);
        using var dot = rand(1, 3, 1, 1);
        Assert.Contains("no layer 'relu5_1'", Assert.Throws<CourseException>(() => network.Extract(picture, "relu5_1")).Message);
        Assert.Contains("[1, 1, 8, 8]", Assert.Throws<CourseException>(() => network.Extract(grey, "relu1_1")).Message);
        Assert.Contains("1×1", Assert.Throws<CourseException>(() => network.Extract(dot, "relu1_1")).Message);
        Assert.Contains("no layer 'relu9_9'", Assert.Throws<CourseException>(() => new VggFeatures(lastLayer: "relu9_9")).Message);
    }

    private static VggFeatures WithFormulaWeights(VggFeatures network)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter) in network.named_parameters()) parameter.copy_(VggReference.Weight(name, parameter.shape));
        return network;
    }
}

using ImageGen.Display;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ImageGen.Tests;

public class LayersTests
{
    private static TorchSharp.Modules.Sequential Network() => Sequential(
        ("first", Conv2d(3, 8, 3, padding: 1)),
        ("block", Sequential(("norm", BatchNorm2d(8)), ("pool", MaxPool2d(2)))),
        ("head", Conv2d(8, 2, 1)));

    private static nn.Module Part(nn.Module network, string name) => network.named_modules().Single(part => part.name == name).module;

    [Fact]
    public void RowsNameShapesAndParameters()
    {
        using var network = Network();
        var table = ImageGen.Display.Layers.Table(network, 1, 3, 16, 16);
        Assert.Equal(["first", "block.norm", "block.pool", "head"], table.Rows.Select(row => row.Name));
        Assert.Equal(["Conv2d", "BatchNorm2d", "MaxPool2d", "Conv2d"], table.Rows.Select(row => row.Kind));
        Assert.Equal([1, 8, 16, 16], table.Rows[0].OutputShape);
        Assert.Equal([1, 8, 8, 8], table.Rows[2].OutputShape);
        Assert.Equal([224, 16, 0, 18], table.Rows.Select(row => row.Parameters)); // 3·8·9+8, 2·8, none, 8·2+2
        Assert.Equal(258, table.Parameters);
        Assert.Contains("[1, 2, 8, 8]", table.ToString());
    }

    [Fact]
    public void TheNetworkIsLeftAsItWas()
    {
        using var network = Network();
        network.train();
        Part(network, "block").eval();
        var mean = network.get_buffer("block.norm.running_mean")!;
        mean.fill_(0.5);
        _ = ImageGen.Display.Layers.Table(network, 1, 3, 16, 16);
        Assert.True(network.training);
        Assert.False(Part(network, "block.norm").training);
        Assert.True(Part(network, "head").training);
        Assert.Equal(0.5f, mean[0].item<float>());
    }

    [Fact]
    public void FrozenParametersAreNotTrainable()
    {
        using var network = Network();
        foreach (var parameter in Part(network, "first").parameters()) parameter.requires_grad = false;
        Assert.Equal(34, ImageGen.Display.Layers.Table(network).Trainable);
        Assert.Contains("34 trainable", ImageGen.Display.Layers.Table(network).ToHtml());
    }

    [Fact]
    public void ANetworkOfMoreLayersThanCanBeReadIsFolded()
    {
        using var deep = Sequential(Enumerable.Range(0, 20).Select(i =>
            ($"block{i}", (nn.Module<Tensor, Tensor>)Sequential(Enumerable.Range(0, 4).Select(j => ($"l{j}", (nn.Module<Tensor, Tensor>)Linear(2, 2)))))));
        var table = ImageGen.Display.Layers.Table(deep);
        Assert.Equal(20, table.Rows.Count);
        Assert.Equal(24, table.Rows[3].Parameters); // four layers of 2·2+2
        Assert.Equal(480, table.Parameters);
    }

    [Fact]
    public void AnInputThatDoesNotFitIsNamed()
    {
        using var network = Network();
        Assert.Contains("[1, 4, 16, 16]", Assert.Throws<CourseException>(() => ImageGen.Display.Layers.Table(network, 1, 4, 16, 16)).Message);
    }
}

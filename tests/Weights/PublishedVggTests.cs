using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>
/// torchvision's VGG-19 as it is published, every name and shape, with weights made by formula: read from each kind of file, its
/// layers are those of the reference.
/// </summary>
/// <remarks>Of the two largest matrices only the last row holds numbers, so that half a gigabyte of file takes little disk.</remarks>
public sealed class PublishedVggTests
{
    private const int LastRow = 4096;

    [Theory]
    [InlineData("vgg19.legacy.pth")]
    [InlineData("vgg19.zip.pth")]
    [InlineData("vgg19.safetensors")]
    public void EveryTensorArrivesAndEveryLayerEqualsTorchvisions(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var tensors = Tensors();
        Write(folder[name], tensors);

        using var network = new VggFeatures();
        using (var file = WeightFile.Open(folder[name]))
        {
            Assert.Equal(tensors.Select(tensor => tensor.Name).Order(), file.Entries.Select(entry => entry.Name).Order());
            Assert.Equal(143_667_240, file.Entries.Sum(entry => entry.Count));
            foreach (var tensor in tensors.Where(tensor => tensor.Name.StartsWith("classifier.", StringComparison.Ordinal))) AssertArrives(tensor, file);
            file.LoadInto(network, entry => entry.StartsWith("features.", StringComparison.Ordinal) ? entry : null);
        }
        VggReference.AssertEqual("vgg19", network.Extract(VggReference.Picture(), [.. network.LayerNames]));
    }

    // What data parallelism, compilers and trainers put before torchvision's names, of both of its families.
    [Theory]
    [InlineData(""), InlineData("module."), InlineData("_orig_mod.module."), InlineData("state_dict.module."), InlineData("backbone."), InlineData("model.vgg."), InlineData("resnet.")]
    public void WhatTrainersPutBeforeTheNamesIsTakenOff(string prefix)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var vgg = new VggFeatures(lastLayer: "relu1_2");
        Arrives(vgg, name => name.StartsWith("features.", StringComparison.Ordinal) ? name : null, ["classifier.0.weight"]);
        using var block = nn.Sequential(("conv1", (nn.Module<Tensor, Tensor>)nn.Conv2d(3, 4, 3, bias: false)), ("bn1", nn.BatchNorm2d(4)), ("layer1", nn.Sequential(("0", nn.Conv2d(4, 4, 1)))));
        Arrives(block, name => name.StartsWith("fc.", StringComparison.Ordinal) ? null : name, ["fc.weight", "fc.bias"]);

        void Arrives(nn.Module network, Func<string, string?> rename, string[] others)
        {
            var right = network.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.is_floating_point() ? rand_like(pair.Value) : pair.Value.clone() + 7);
            SafeTensors.Save(folder["net.safetensors"], right.Select(pair => (pair.Key, pair.Value)).Concat(others.Select(name => (Key: name, Value: ones(2)))).ToDictionary(pair => prefix + pair.Key, pair => pair.Value));
            using var file = WeightFile.Open(folder["net.safetensors"]);
            file.LoadInto(network, rename);
            foreach (var (name, value) in network.state_dict()) Assert.True(AdapterFixtures.Same(right[name], value), name);
        }
    }

    [Fact]
    public void TheOldLayoutIsAsLongAsThePublishedFile()
    {
        using var folder = new TemporaryFolder();
        TorchSave.Legacy(folder["vgg19.pth"], [.. Shapes().Select(tensor => new StoredTensor(tensor.Name, tensor.Shape, [0]))]);
        // The keys of its storages, which are addresses in the memory of the machine that wrote it, have one or two digits more.
        Assert.InRange(574_673_361 - new FileInfo(folder["vgg19.pth"]).Length, -500, 500);
    }

    private static void AssertArrives(StoredTensor expected, WeightFile file)
    {
        using var scope = NewDisposeScope();
        var values = file.Read(expected.Name);
        Assert.Equal(expected.Shape, values.shape);
        var last = values.view(-1).narrow(0, expected.Count - expected.Last.Length, expected.Last.Length);
        Assert.Equal(expected.Last, last.data<float>().ToArray());
        if (expected.Last.Length < expected.Count) Assert.Equal(0, values[0].abs().sum().ToSingle());
    }

    private static void Write(string path, IReadOnlyList<StoredTensor> tensors)
    {
        if (path.EndsWith(".legacy.pth", StringComparison.Ordinal)) TorchSave.Legacy(path, tensors);
        else if (path.EndsWith(".zip.pth", StringComparison.Ordinal)) TorchSave.Zip(path, tensors);
        else
        {
            using var scope = NewDisposeScope();
            SafeTensors.Save(path, tensors.ToDictionary(tensor => tensor.Name, tensor =>
                cat([zeros(tensor.Count - tensor.Last.Length), tensor.Last]).view(tensor.Shape)));
        }
    }

    private static List<StoredTensor> Tensors() => [.. Shapes().Select(tensor => new StoredTensor(tensor.Name, tensor.Shape, Values(tensor.Name, tensor.Shape)))];

    private static float[] Values(string name, long[] shape)
    {
        using var scope = NewDisposeScope();
        var values = name.StartsWith("features.", StringComparison.Ordinal)
            ? VggReference.Weight(name, shape)
            : FormulaNumbers.Tensor(200, Math.Min(LastRow, shape.Aggregate((a, b) => a * b)));
        return values.to(ScalarType.Float32).data<float>().ToArray();
    }

    // In the order of torchvision's state_dict.
    private static IEnumerable<(string Name, long[] Shape)> Shapes() =>
        from line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "layouts", "vgg19.txt"))
        let fields = line.Split(' ')
        let parts = fields[0].Split('.')
        orderby parts[0] descending, int.Parse(parts[1]), parts[2] descending
        select (fields[0], fields[2].Split('x').Select(long.Parse).ToArray());
}

using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class LoadIntoTests
{
    private static nn.Module Net(long outputs = 2, bool extra = false)
    {
        var parts = new List<(string, nn.Module<Tensor, Tensor>)>
        {
            ("conv", nn.Conv2d(3, 4, 3)), ("norm", nn.BatchNorm2d(4)), ("fc", nn.Linear(5, outputs)),
        };
        if (extra) parts.Add(("head", nn.Linear(2, 2)));
        return nn.Sequential(parts);
    }

    [Theory]
    [InlineData("module.zip.pth", ScalarType.Float32)]
    [InlineData("module.legacy.pth", ScalarType.Float32)]
    [InlineData("module.safetensors", ScalarType.Float32)]
    [InlineData("shards.safetensors.index.json", ScalarType.Float32)]
    [InlineData("module.zip.pth", ScalarType.BFloat16)]
    [InlineData("module.safetensors", ScalarType.Float16)]
    public void EveryParameterAndBufferIsFilled(string name, ScalarType type)
    {
        using var net = Net();
        foreach (var part in net.children()) part.to(type);
        using (var file = WeightFile.Open(WeightFixtures.Path(name))) file.LoadInto(net);
        foreach (var (key, tensor) in net.state_dict())
        {
            var expected = key == "norm.num_batches_tracked" ? WeightFixtures.Numbers(1, ElementType.I64) : WeightFixtures.Numbers((int)tensor.NumberOfElements);
            Assert.Equal(expected, tensor.Values());
            if (key != "norm.num_batches_tracked") Assert.Equal(type, tensor.dtype);
        }
        Assert.True(net.named_parameters().All(p => p.parameter.requires_grad));
    }

    [Fact]
    public void EveryMismatchIsNamedInOneLineAndNothingIsChanged()
    {
        using var net = Net(outputs: 3, extra: true);
        var before = net.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.Values());
        using var file = WeightFile.Open(WeightFixtures.Path("module.zip.pth"));
        var message = Assert.Throws<CourseException>(() => file.LoadInto(net, name => name == "conv.bias" ? "conv.offset" : name)).Message;
        Assert.Contains("3 missing: conv.bias, head.weight, head.bias", message);
        Assert.Contains("1 unexpected: conv.offset", message);
        Assert.Contains("2 of another shape: fc.weight (file [2, 5], model [3, 5]), fc.bias (file [2], model [3])", message);
        Assert.DoesNotContain('\n', message);
        foreach (var (key, values) in before) Assert.Equal(values, net.state_dict()[key].Values());
    }

    [Fact]
    public void NamesCanBeChangedAndLeftOut()
    {
        using var net = nn.Sequential(("second", (nn.Module<Tensor, Tensor>)nn.Linear(5, 2)));
        using var file = WeightFile.Open(WeightFixtures.Path("module.legacy.pth"));
        file.LoadInto(net, name => name.StartsWith("fc.") ? "second." + name[3..] : null);
        Assert.Equal(WeightFixtures.Numbers(10), net.get_parameter("second.weight")!.Values());

        var doubled = Assert.Throws<CourseException>(() => file.LoadInto(net, name => name.StartsWith("fc.") ? "second.bias" : null)).Message;
        Assert.Contains("1 missing: second.weight", doubled);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 64)] // small pieces are read, others mapped
    [InlineData(ScalarType.Float32, 512)]
    [InlineData(ScalarType.Float16, 64)]
    public void AFileThatIsCutShortWhileItIsReadIsNamed(ScalarType type, int width)
    {
        using var folder = new TemporaryFolder();
        using var net = nn.Linear(width, width);
        SafeTensors.Save(folder["net.safetensors"], net, type);
        using var file = WeightFile.Open(folder["net.safetensors"]);
        using (var other = new FileStream(file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) other.SetLength(other.Length - 100);
        var message = Assert.Throws<CourseException>(() => file.LoadInto(net)).Message;
        Assert.Contains("net.safetensors cannot be read: it ended at byte", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void TwoTensorsForOneNameAreRefused()
    {
        using var net = nn.Sequential(("a", (nn.Module<Tensor, Tensor>)nn.BatchNorm2d(4)));
        using var file = WeightFile.Open(WeightFixtures.Path("module.legacy.pth"));
        var message = Assert.Throws<CourseException>(() => file.LoadInto(net, name => name switch
        {
            "conv.bias" => "a.weight",
            _ when name.StartsWith("norm.") => "a." + name[5..],
            _ => null,
        })).Message;
        Assert.Contains("1 named twice: a.weight", message);
    }

    [Fact]
    public void TypesThatTorchSharpLacksAreListedButNotRead()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("f8.safetensors", WeightFixtures.SafeTensorsBytes("""{"weight":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}""", 4));
        using var file = WeightFile.Open(path);
        Assert.Equal(ElementType.F8_E4M3, file["weight"].Type);
        Assert.Contains("F8_E4M3, which TorchSharp cannot hold", Assert.Throws<CourseException>(() => file.Read("weight")).Message);
        using var net = nn.Linear(2, 2, hasBias: false);
        Assert.Contains("weight (F8_E4M3)", Assert.Throws<CourseException>(() => file.LoadInto(net)).Message);
    }

    [Fact]
    public void ReadingLeavesNoTensorsBehind()
    {
        using var net = Net().half();
        using var file = WeightFile.Open(WeightFixtures.Path("module.zip.pth"));
        using var views = WeightFile.Open(WeightFixtures.Path("views.zip.pth"));
        using (var scope = NewDisposeScope())
        {
            foreach (var entry in views.Entries) views.Read(entry.Name);
            file.Read("conv.weight", type: ScalarType.Float16);
            Assert.Equal(views.Entries.Count + 1, scope.DisposablesCount);
        }
        file.LoadInto(net);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 5; i++) file.LoadInto(net);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}

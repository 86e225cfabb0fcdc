using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Checkpoints as people have them; make_checkpoints.py made the files with PyTorch, a few are small copies of files that were refused.</summary>
public class CheckpointKindsTests
{
    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "checkpoints", name);

    private static nn.Module Net() => nn.Sequential(
        ("conv", (nn.Module<Tensor, Tensor>)nn.Conv2d(3, 4, 3)), ("norm", nn.BatchNorm2d(4)), ("fc", nn.Linear(5, 2)));

    [Theory]
    [InlineData("dtype-note.pth", "state_dict.a.weight")]
    [InlineData("counter.pth", "state_dict.a.weight")]
    [InlineData("protocol5.pth", "a.weight")]
    [InlineData("passive2.zip.pth", "model.a.weight")]
    [InlineData("passive5.zip.pth", "model.a.weight")]
    [InlineData("passive2.legacy.pth", "model.a.weight")]
    [InlineData("attribute.zip.pth", "a.weight")]
    public void ValuesBesideTheTensorsArePassedOver(string name, string tensor)
    {
        using var file = WeightFile.Open(Fixture(name));
        Assert.Equal(tensor, Assert.Single(file.Entries).Name);
        Assert.Equal([3, 4], file[tensor].Shape);
        // Element i of the case files is i, of the made ones make_weights.py's formula.
        Assert.Equal(12, file.Values(tensor).Length);
        if (name.Contains('.') && name.Split('.').Length > 2) Assert.Equal(WeightFixtures.Numbers(12), file.Values(tensor));
    }

    [Fact]
    public void AnExpandedTensorIsReadAsPyTorchReadsIt()
    {
        using var file = WeightFile.Open(Fixture("expanded.zip.pth"));
        var row = WeightFixtures.Numbers(4);
        Assert.Equal([.. row, .. row, .. row], file.Values("a.weight"));
        var b = WeightFixtures.Numbers(6);
        Assert.Equal([b[0], b[1], b[2], b[1], b[2], b[3], b[2], b[3], b[4], b[3], b[4], b[5]], file.Values("b")); // overlapping windows
        using var given = WeightFile.Open(Fixture("expanded.pth"));
        var values = given.Values("a.weight");
        Assert.Equal(values[..4], values[4..8]);
        Assert.Equal(values[..4], values[8..]);
    }

    [Theory]
    [InlineData("odd.zip.pth")]
    [InlineData("odd.legacy.pth")]
    public void SparseAndQuantizedTensorsAreNamedAndTheOthersRead(string name)
    {
        using var file = WeightFile.Open(Fixture(name));
        Assert.Equal(WeightFixtures.Numbers(12), file.Values("a.weight"));
        Assert.Equal(WeightFixtures.Numbers(2, ElementType.F16), file.Values("last"));
        Assert.Equal(("quantized", "quantized", "sparse"), (file.Skipped["q"], file.Skipped["c"], file.Skipped["s"]));
        Assert.Contains("'q'", Assert.Throws<CourseException>(() => file.Read("q")).Message);
        Assert.Contains("is sparse", Assert.Throws<CourseException>(() => file.Read("s")).Message);
        Assert.Contains("complex64", Assert.Throws<CourseException>(() => file.Read("z")).Message);
        using var net = nn.Sequential(("q", (nn.Module<Tensor, Tensor>)nn.Linear(2, 2)));
        Assert.Contains("q (quantized)", Assert.Throws<CourseException>(() => file.LoadInto(net, _ => null)).Message);
    }

    [Fact]
    public void OneTensorOfAnUnknownTypeDoesNotSpoilTheOthers()
    {
        using var file = WeightFile.Open(Fixture("types.safetensors"));
        Assert.Equal([1.5, -2.5], file.Values("known"));
        Assert.Equal("X17", file["future"].TypeName);
        foreach (var (name, type) in new[] { ("four", "F4"), ("complex", "C64"), ("future", "X17") })
            Assert.Contains($"has the element type {type}", Assert.Throws<CourseException>(() => file.Read(name)).Message);
        // Offsets are still held against the file, and a shape against its bytes.
        var header = """{"a":{"dtype":"X17","shape":[1000000],"data_offsets":[0,2]}}""";
        Assert.Contains("which is not X17 [1000000]", WeightFixtures.Refusal(WeightFixtures.SafeTensorsBytes(header, 2)));
    }

    [Theory]
    [InlineData("trainer.zip.pth", false, 0)]
    [InlineData("trainer.zip.pth", true, 1)]
    [InlineData("lightning.zip.pth", false, 0)]
    [InlineData("averages.zip.pth", false, 1)] // there is nothing else in it
    [InlineData("averages.zip.pth", true, 1)]
    public void WhatTrainersPutBeforeTheNamesIsTakenOff(string name, bool averaged, double more)
    {
        using var net = Net();
        using (var file = WeightFile.Open(Fixture(name))) file.LoadInto(net, averaged: averaged);
        foreach (var (key, tensor) in net.state_dict())
            if (key != "norm.num_batches_tracked") Assert.Equal(WeightFixtures.Numbers((int)tensor.NumberOfElements).Select(value => value + more), tensor.Values());
    }

    [Fact]
    public void AveragesThatAreNotThereAreNotMadeUp()
    {
        using var net = Net();
        using var file = WeightFile.Open(Fixture("lightning.zip.pth"));
        Assert.Contains("no averaged (EMA) weights", Assert.Throws<CourseException>(() => file.LoadInto(net, averaged: true)).Message);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void NumbersThatAreNoneAreNamedByTheirTensorBeforeAnyIsCopied(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var values = Net().state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        values["fc.weight"][1, 4] = float.NaN;
        values["conv.bias"][0] = float.PositiveInfinity; // a mask may hold it: that is no NaN
        SafeTensors.Save(folder["nan.safetensors"], values, type);
        using var net = Net();
        var before = net.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.Values());
        using var file = WeightFile.Open(folder["nan.safetensors"]);
        var message = Assert.Throws<CourseException>(() => file.LoadInto(net)).Message;
        Assert.Contains("(NaN) in 1 of its tensors: fc.weight", message);
        foreach (var (key, tensor) in net.state_dict()) Assert.Equal(before[key], tensor.Values());
    }

    // Of every type that a file has and every that is wanted: straight, widened, converted, and before a model with numbers.
    [Theory]
    [InlineData(0, ScalarType.Float32, ScalarType.Float32), InlineData(31, ScalarType.Float32, ScalarType.Float16), InlineData(32, ScalarType.Float16, ScalarType.Float32)]
    [InlineData(65_536, ScalarType.BFloat16, ScalarType.Float32), InlineData(4_194_304, ScalarType.BFloat16, ScalarType.BFloat16)]
    [InlineData(5_000_000, ScalarType.Float16, ScalarType.Float32), InlineData(5_000_000, ScalarType.Float32, ScalarType.Float32), InlineData(5_000_000, ScalarType.Float64, ScalarType.Float32)]
    public void ANaNIsSeenWhereverItStands(int place, ScalarType stored, ScalarType wanted)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var values = zeros(5_000_001);
        values[place] = -float.NaN;
        values[place == 0 ? 1 : place - 1] = float.PositiveInfinity;
        SafeTensors.Save(folder["nan.safetensors"], new Dictionary<string, Tensor> { ["weight"] = values.view(1, -1), ["bias"] = zeros(1) }, stored);
        using var file = WeightFile.Open(folder["nan.safetensors"]);
        Assert.Contains("1 of its tensors: weight", Assert.Throws<CourseException>(() => file.LoadInto(nn.Linear(5_000_001, 1))).Message);
        Assert.Contains("1 of its tensors: weight", Assert.Throws<CourseException>(() => file.LoadIntoEmpty(nn.Linear(5_000_001, 1, device: new Device(DeviceType.META)), CPU, wanted)).Message);
        values[place] = 0;
        SafeTensors.Save(folder["right.safetensors"], new Dictionary<string, Tensor> { ["weight"] = values.view(1, -1), ["bias"] = zeros(1) }, stored);
        using var right = WeightFile.Open(folder["right.safetensors"]);
        using var layer = nn.Linear(5_000_001, 1, device: new Device(DeviceType.META));
        right.LoadIntoEmpty(layer, CPU, wanted);
        Assert.True(layer.weight.to(ScalarType.Float32).equal(values.view(1, -1)).all().item<bool>());
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a pointer of Git LFS")]
    [InlineData("<!DOCTYPE html><html>", "web page")]
    [InlineData("{\"error\":\"Repository not found\"}", "Repository not found")]
    [InlineData("Entry not found", "plain text: a server's answer may stand in place of the file (Entry not found)")]
    [InlineData("GGUF\u0003\0\0\0\0\0\0\0", "GGUF")]
    [InlineData("\u0089HDF\r\n\u001a\n", "HDF5")]
    [InlineData("\u0093NUMPY\u0001\0", "NumPy")]
    [InlineData("\u001f\u008b\u0008\0", "gzip")]
    [InlineData("%PDF-1.7 ", "PDF")]
    public void FilesThatAreSomethingElseAreNamed(string text, string expected)
    {
        var bytes = System.Text.Encoding.Latin1.GetBytes(text);
        Assert.Contains(expected, WeightFixtures.Refusal(bytes, "model.safetensors"));
        using var folder = new TemporaryFolder();
        var message = Assert.Throws<CourseException>(() => Imaging.Picture.Load(folder.Write("a.png", bytes))).Message;
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("lfs.safetensors")]
    [InlineData("lfs.png")]
    public void APointerOfGitLfsIsExplained(string name)
    {
        var message = Assert.Throws<CourseException>(() => name.EndsWith("png") ? (object)Imaging.Picture.Load(Fixture(name)) : WeightFile.Open(Fixture(name))).Message;
        Assert.Contains("pointer of Git LFS, not the file itself", message);
    }
}

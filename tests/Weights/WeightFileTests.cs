using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class WeightFileTests
{
    [Theory]
    [InlineData("types.zip.pth")]
    [InlineData("types.legacy.pth")]
    [InlineData("types.safetensors")]
    public void EveryElementTypeIsReadExactly(string name)
    {
        using var file = WeightFile.Open(WeightFixtures.Path(name));
        var types = new[] { ("f64", ScalarType.Float64), ("f32", ScalarType.Float32), ("f16", ScalarType.Float16), ("bf16", ScalarType.BFloat16),
            ("i64", ScalarType.Int64), ("i32", ScalarType.Int32), ("i16", ScalarType.Int16), ("i8", ScalarType.Int8), ("u8", ScalarType.Byte), ("bool", ScalarType.Bool) };
        foreach (var (key, type) in types)
        {
            using var tensor = file.Read(key);
            Assert.Equal(type, tensor.dtype);
            Assert.Equal([3, 5], tensor.shape);
            Assert.Equal(WeightFixtures.Numbers(15, file[key].Type), tensor.Values());
        }
    }

    [Theory]
    [InlineData("types.zip.pth")]
    [InlineData("types.safetensors")]
    public void TensorsAreConvertedOnTheWay(string name)
    {
        using var file = WeightFile.Open(WeightFixtures.Path(name));
        foreach (var key in new[] { "f64", "f32", "f16", "bf16" })
        {
            using var half = file.Read(key, type: ScalarType.Float16);
            Assert.Equal(ScalarType.Float16, half.dtype);
            Assert.Equal(WeightFixtures.Numbers(15), half.Values());
        }
    }

    [Fact]
    public void SafeTensorsNotesAndEmptyAndSingleTensorsAreRead()
    {
        using var file = WeightFile.Open(WeightFixtures.Path("types.safetensors"));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([0, 4], file["empty"].Shape);
        Assert.Empty(file.Values("empty"));
        Assert.Equal([], file["one"].Shape);
        Assert.Equal([2.5], file.Values("one"));
        Assert.Equal("one F32 []", file["one"].ToString());
        Assert.Equal("bf16 BF16 [3, 5]", file["bf16"].ToString());
    }

    [Theory]
    [InlineData("views.zip.pth")]
    [InlineData("views.legacy.pth")]
    public void ViewsOfASharedStorageAreRead(string name)
    {
        using var file = WeightFile.Open(WeightFixtures.Path(name));
        var whole = WeightFixtures.Numbers(48);
        Assert.Equal(whole, file.Values("whole"));
        Assert.Equal([8, 6], file["transposed"].Shape);
        Assert.Equal(from column in Enumerable.Range(0, 8) from row in Enumerable.Range(0, 6) select whole[row * 8 + column], file.Values("transposed"));
        Assert.Equal(from row in Enumerable.Range(1, 4) from column in Enumerable.Range(2, 5) select whole[row * 8 + column], file.Values("middle"));
        Assert.Equal(whole.Where((_, i) => i >= 3 && i % 2 == 1), file.Values("every_other"));
        Assert.Equal([2.5], file.Values("one"));
        Assert.Equal([0, 4], file["empty"].Shape);
        Assert.Equal(WeightFixtures.Numbers(6), file.Values("parameter"));
        var half = WeightFixtures.Numbers(24);
        Assert.Equal(half.Where((_, i) => i % 3 == 0), file.Values("half_columns"));
    }

    [Theory]
    [InlineData("nested.zip.pth")]
    [InlineData("nested.legacy.pth")]
    public void NestedDictionariesGiveDottedNamesAndPlainValuesArePassedOver(string name)
    {
        using var file = WeightFile.Open(WeightFixtures.Path(name));
        Assert.Equal(["state_dict.net.0.weight", "state_dict.net.0.bias", "optimizer.averages.0"], file.Entries.Select(entry => entry.Name));
        Assert.Equal(WeightFixtures.Numbers(6), file.Values("state_dict.net.0.weight"));
        Assert.Equal(ElementType.F64, file["optimizer.averages.0"].Type);
    }

    [Fact]
    public void OlderAndNewerPicklesAreRead()
    {
        using var old = WeightFile.Open(WeightFixtures.Path("old.legacy.pth")); // _rebuild_tensor, and transposed
        var stored = WeightFixtures.Numbers(12);
        Assert.Equal([4, 3], old["weight"].Shape);
        Assert.Equal(from column in Enumerable.Range(0, 4) from row in Enumerable.Range(0, 3) select stored[row * 4 + column], old.Values("weight"));
        foreach (var name in new[] { "protocol4.zip.pth", "protocol4.legacy.pth" })
        {
            using var file = WeightFile.Open(WeightFixtures.Path(name));
            Assert.Equal(WeightFixtures.Numbers(6), file.Values("weight"));
        }
        using var bare = WeightFile.Open(WeightFixtures.Path("bare.zip.pth"));
        Assert.Equal(WeightFixtures.Numbers(4), bare.Values("tensor"));
    }

    [Theory]
    [InlineData("harmful.zip.pth", "posix.system")]
    [InlineData("harmful.legacy.pth", "posix.system")]
    [InlineData("model.zip.pth", "torch.nn.modules.linear.Linear")]
    [InlineData("model.legacy.pth", "torch.nn.modules.linear.Linear")]
    public void AnyOtherGlobalIsNamedAndRefused(string name, string global)
    {
        var path = WeightFixtures.Path(name);
        var message = Assert.Throws<CourseException>(() => WeightFile.Open(path).Dispose()).Message;
        Assert.Contains(global, message);
        Assert.Contains(path, message);
        Assert.Contains("refused", message);
    }

    [Fact]
    public void OtherFilesAreCalledWhatTheyAre()
    {
        Assert.Contains("not one that torch.save wrote", WeightFixtures.Refusal(File.ReadAllBytes(WeightFixtures.Path("list.pkl"))));
        Assert.Contains("web page", WeightFixtures.Refusal("\n <!DOCTYPE html><html><body>Sign in</body></html>"u8.ToArray()));
        Assert.Contains("plain text", WeightFixtures.Refusal("just some text, long enough to be a header"u8.ToArray()));
        Assert.Contains("neither safetensors nor", WeightFixtures.Refusal([1, 2, 3, 4, 5, 6, 7, 8, 9]));
        Assert.Contains("is empty", WeightFixtures.Refusal([]));
        var tar = new byte[1024];
        "ustar"u8.CopyTo(tar.AsSpan(257));
        Assert.Contains("TAR archive", WeightFixtures.Refusal(tar));
        using var folder = new TemporaryFolder();
        Assert.Contains("is a folder", Assert.Throws<CourseException>(() => WeightFile.Open(folder.Path)).Message);
        Assert.Contains("does not exist", Assert.Throws<CourseException>(() => WeightFile.Open(folder["absent.pth"])).Message);
        using var zip = new MemoryStream();
        using (var archive = new System.IO.Compression.ZipArchive(zip, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true)) archive.CreateEntry("hello.txt", System.IO.Compression.CompressionLevel.NoCompression);
        Assert.Contains("without a data.pkl", WeightFixtures.Refusal(zip.ToArray()));
    }

    [Fact]
    public void AnUnknownNameIsAnsweredWithTheNamesThereAre()
    {
        using var file = WeightFile.Open(WeightFixtures.Path("module.safetensors"));
        Assert.Contains("conv.weight", Assert.Throws<CourseException>(() => file.Read("conv.wieght")).Message);
        Assert.False(file.Contains("conv.wieght"));
        Assert.True(file.Contains("conv.weight"));
    }

    [Fact]
    public void AnIndexOpensItsShards()
    {
        using var file = WeightFile.Open(WeightFixtures.Path("shards.safetensors.index.json"));
        using var single = WeightFile.Open(WeightFixtures.Path("module.safetensors"));
        Assert.Equal(9, file.Entries.Count);
        foreach (var entry in single.Entries) Assert.Equal(single.Values(entry.Name), file.Values(entry.Name));
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "../etc/passwd"}}""", "should name a file beside it")]
    [InlineData("""{"weight_map": {"a": 3}}""", "should name a file beside it")]
    [InlineData("""{"weight_map": {"a": "absent.safetensors"}}""", "absent.safetensors does not exist")]
    [InlineData("""{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}""", "names 'a' twice")]
    [InlineData("""{"weight_map": {"a": "self.json"}}""", "names another index")]
    [InlineData("""{"map": {}}""", "needs an object 'weight_map'")]
    [InlineData("""[1, 2""", "not an index of weights in JSON")]
    public void ABadIndexIsRefused(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["self.json"], text);
        folder.Write("x.safetensors", WeightFixtures.SafeTensorsBytes("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
        Assert.Contains(expected, Assert.Throws<CourseException>(() => WeightFile.Open(folder["self.json"]).Dispose()).Message);
    }
}

using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class SafeTensorsTests
{
    [Fact]
    public void AFileIsWrittenByteForByteAsTheFormatSays()
    {
        using var folder = new TemporaryFolder();
        var tensors = new Dictionary<string, Tensor> { ["b"] = tensor(new byte[] { 7, 8, 9 }), ["a"] = tensor(new[] { 1.0f, -2.5f }) };
        SafeTensors.Save(folder["x.safetensors"], tensors, metadata: new Dictionary<string, string> { ["k"] = "v" });

        // Worked by hand: 1.0 is 3f800000, -2.5 is c0200000, both little-endian; the header is padded to a multiple of 8.
        const string header = """{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected = [.. BitConverter.GetBytes((long)padded.Length), .. Encoding.ASCII.GetBytes(padded), 0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 7, 8, 9];
        Assert.Equal(expected, File.ReadAllBytes(folder["x.safetensors"]));
        Assert.Equal(["x.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        ScalarType[] types = [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32,
            ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];
        using var folder = new TemporaryFolder();
        var arbitrary = (from name in Gen.NonEmptyListOf(Gen.Elements("é", "w\n", "\"", "a.b", "x", "\\", "\u0001", "日", "😀", " "))
                         from shape in Gen.ListOf(Gen.Choose(0, 4), 3)
                         from type in Gen.Elements(types)
                         from transpose in Gen.Elements(true, false)
                         select (Name: string.Concat(name), Shape: shape.Select(size => (long)size).ToArray(), Type: type, Transpose: transpose)).ListOf().ToArbitrary();
        Prop.ForAll(arbitrary, items =>
        {
            using var scope = NewDisposeScope();
            var tensors = new Dictionary<string, Tensor>();
            foreach (var (name, shape, type, transpose) in items)
            {
                var value = randint(0, 100, shape, dtype: ScalarType.Int64).to(type);
                tensors[name] = transpose ? value.transpose(0, 2) : value;
            }
            SafeTensors.Save(folder["r.safetensors"], tensors);
            using var file = WeightFile.Open(folder["r.safetensors"]);
            return file.Entries.Count == tensors.Count && tensors.All(pair =>
            {
                var read = file.Read(pair.Key);
                return read.dtype == pair.Value.dtype && read.shape.SequenceEqual(pair.Value.shape) && read.Values().SequenceEqual(pair.Value.Values());
            });
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0x280)]  // 80 02, as a pickle begins
    [InlineData(0x380)]
    public void AHeaderLengthThatLooksLikeAPickleIsNone(int length)
    {
        using var folder = new TemporaryFolder();
        var header = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""".PadRight(length);
        using var file = WeightFile.Open(folder.Write("x.bin", WeightFixtures.SafeTensorsBytes(header, 1)));
        Assert.Equal("a U8 [1]", file.Entries[0].ToString());
    }

    [Fact]
    public void AModuleIsSavedInHalfAndLoadedAgain()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var net = nn.Sequential(("conv", nn.Conv2d(3, 4, 3)), ("norm", nn.BatchNorm2d(4)));
        SafeTensors.Save(folder["net.safetensors"], net, ScalarType.Float16);
        var other = nn.Sequential(("conv", nn.Conv2d(3, 4, 3)), ("norm", nn.BatchNorm2d(4)));
        using var file = WeightFile.Open(folder["net.safetensors"]);
        Assert.Equal(ElementType.F16, file["conv.weight"].Type);
        Assert.Equal(ElementType.I64, file["norm.num_batches_tracked"].Type);
        file.LoadInto(other);
        Assert.Equal(net.get_parameter("conv.weight")!.to(ScalarType.Float16).Values(), other.get_parameter("conv.weight")!.Values());
    }

    [Fact]
    public void AFileThatCannotBeWrittenLeavesTheOldOneAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        folder.Write("old.safetensors", [1, 2, 3]);
        var complex = new Dictionary<string, Tensor> { ["a"] = tensor(1f), ["c"] = zeros(2, ScalarType.ComplexFloat32) };
        Assert.Contains("'c' is ComplexFloat32", Assert.Throws<CourseException>(() => SafeTensors.Save(folder["old.safetensors"], complex)).Message);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder["old.safetensors"]));
        var good = new Dictionary<string, Tensor> { ["a"] = tensor(1f) };
        Assert.Contains("cannot be written", Assert.Throws<CourseException>(() => SafeTensors.Save(folder["no/such/folder.safetensors"], good)).Message);
        Directory.CreateDirectory(folder["taken"]);
        Assert.Contains("cannot be written", Assert.Throws<CourseException>(() => SafeTensors.Save(folder["taken"], good)).Message);
        Assert.Equal(["old.safetensors", "taken"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 8, "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[6,10]}}""", 10, "the 2 bytes before its tensor 'b' belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "the last 4 bytes belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "not F32 [2]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "are not in the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "are not in the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775800,9223372036854775804]}}""", 4, "are not in the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551620]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,1],"data_offsets":[0,4]}}""", 4, "not F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0, "not F32")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693953],"data_offsets":[0,8]}}""", 8, "not F64")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "lacks its dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "lacks its dtype")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "double field 'dtype'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4, "unknown or double field 'x'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "names 'a' twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "note 'a' is not a text")]
    [InlineData("""{"a":3}""", 0, "is not an object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""", 4, "not the JSON")]
    [InlineData("""{"a":{"dtype":"\ud800","shape":[1],"data_offsets":[0,4]}}""", 4, "not the JSON")]
    [InlineData("""{}}""", 0, "not the JSON")]
    public void ABadHeaderIsRefused(string header, int dataBytes, string expected) =>
        Assert.Contains(expected, WeightFixtures.Refusal(WeightFixtures.SafeTensorsBytes(header, dataBytes)));

    [Theory]
    [InlineData(2_000_000_000UL, "is the most")]
    [InlineData(ulong.MaxValue, "is the most")]
    [InlineData(99_000_000UL, "cut short")]
    public void AHeaderLongerThanTheFileIsRefusedBeforeItIsRead(ulong length, string expected)
    {
        var bytes = WeightFixtures.SafeTensorsBytes("{}", 0, length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(expected, WeightFixtures.Refusal(bytes));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }
}

using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>ONNX files, as another implementation wrote them (make_onnx.py).</summary>
public sealed class OnnxFileTests
{
    [Fact]
    public void EveryTypeHasItsNumbers()
    {
        using var file = OnnxFile.Open(WeightFixtures.Path("types.onnx"));
        Assert.Equal("onnx", file.Weights.Metadata["producer"]);
        foreach (var type in new[] { ElementType.F64, ElementType.F32, ElementType.F16, ElementType.BF16,
            ElementType.I64, ElementType.I32,
            ElementType.I16, ElementType.I8, ElementType.U8, ElementType.Bool })
        {
            var entry = file.Weights[type.ToString().ToLowerInvariant()];
            Assert.Equal((type, "3, 5"), (entry.Type, string.Join(", ", entry.Shape)));
            Assert.Equal(WeightFixtures.Numbers(15, type), file.Weights.Values(entry.Name));
        }
        Assert.Equal(WeightFixtures.Numbers(15), file.Weights.Values("floats"));
        Assert.Equal(WeightFixtures.Numbers(15), file.Weights.Values("doubles"));
        Assert.Equal(0, file.Weights["nothing"].Count);
        Assert.Equal(["elsewhere", "integers"], file.Weights.Skipped.Keys.Order());
        Assert.Contains("in another file", Assert.Throws<CourseException>(() => file.Weights["elsewhere"]).Message);
        Assert.Contains("ONNX type 14", Assert.Throws<CourseException>(() => file.Weights.Read("complex")).Message);
    }

    [Fact]
    public void OperationsSayWhatTheyTakeAndGive()
    {
        using var file = OnnxFile.Open(WeightFixtures.Path("types.onnx"));
        Assert.Equal(["MatMul(x, f32) → product", "Add(bias, product) → y", "Split(y) → left, right"],
            file.Nodes.Select(node =>
                $"{node.Operation}({string.Join(", ", node.Inputs)}) → {string.Join(", ", node.Outputs)}"));
    }

    [Fact]
    public void ItIsAFileOfWeightsLikeAnyOther()
    {
        using var file = WeightFile.Open(WeightFixtures.Path("types.onnx"));
        Assert.Equal(WeightFixtures.Numbers(15), file.Values("floats"));
    }

    [Fact]
    public void WhatIsNoOnnxFileIsCalledWhatItIs()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("web page", Refusal(folder.Write("a.onnx", "<!DOCTYPE html><html>"u8.ToArray())));
        Assert.Contains("does not begin as an ONNX file", Refusal(WeightFixtures.Path("types.safetensors")));
        Assert.Contains("no graph", Refusal(folder.Write("b.onnx", [0x08, 7, 0x12, 1, (byte)'x'])));
        Assert.Contains("does not exist", Refusal(folder["c.onnx"]));
        // A tensor that claims more numbers than it has bytes, and one named twice.
        Assert.Contains("F32 [4]",
            Refusal(folder.Write("d.onnx", Model([0x08, 4, 0x10, 1, 0x42, 1, (byte)'w', 0x4a, 4, 0, 0, 0, 0]))));
        byte[] tensor = [0x08, 1, 0x10, 1, 0x42, 1, (byte)'w', 0x4a, 4, 0, 0, 0, 0];
        Assert.Contains("'w' twice", Refusal(folder.Write("e.onnx", Model(tensor, tensor))));
    }

    // By the wire format: tag = number · 8 + kind, then the length. 7 is the model's graph, 5 the graph's tensors.
    private static byte[] Model(params byte[][] tensors)
    {
        byte[] graph = [.. tensors.SelectMany(tensor => (byte[])[5 * 8 + 2, (byte)tensor.Length, .. tensor])];
        return [0x08, 7, 0x12, 1, (byte)'x', 7 * 8 + 2, (byte)graph.Length, .. graph];
    }

    private static string Refusal(string path)
    {
        var message = Assert.Throws<CourseException>(() => OnnxFile.Open(path).Dispose()).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(path, message);
        return message;
    }
}

using ImageGen.Adapters;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>4-bit weights against numbers that make_adapters.py worked out from the published description.</summary>
public class Nf4Tests
{
    [Fact]
    public void TheDynamicMapIsThePublishedOne()
    {
        var expected = AdapterFixtures.All.GetProperty("dynamic_map").Numbers();
        Assert.Equal(256, Nf4.DynamicMap.Count);
        Assert.All(Nf4.DynamicMap.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 2.5e-7 * Math.Abs(pair.Second))); // two float steps
        Assert.Equal([-0.99296875f, -0.97890625f], Nf4.DynamicMap.Take(2)); // the middles of the last two of 64 parts
        Assert.Equal(0, Nf4.DynamicMap[127]);
        Assert.Equal(1, Nf4.DynamicMap[255]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)] // sides that neither 2 nor 64 divides
    public void BytesAndScalesAreTheReferencesBitForBit(int index)
    {
        using var scope = NewDisposeScope();
        var (weights, expected) = Case(index);
        using var rounded = Nf4Weights.Of(weights);
        Assert.Equal(expected.GetProperty("packed").Numbers(), rounded.Packed.data<byte>().ToArray().Select(value => (double)value));
        Assert.Equal([(weights.numel() + 1) / 2, 1], rounded.Packed.shape);
        Assert.Equal(expected.GetProperty("scale_codes").Numbers(), rounded.Scales.data<byte>().ToArray().Select(value => (double)value));
        Assert.Equal(expected.GetProperty("nested").Numbers(), rounded.NestedScales!.data<float>().ToArray().Select(value => (double)value));
        Assert.Equal(expected.GetProperty("offset").GetDouble(), rounded.Offset);

        using var single = Nf4Weights.Of(weights, doubleQuantization: false);
        Assert.Equal(expected.GetProperty("absmax").Numbers(), single.Scales.data<float>().ToArray().Select(value => (double)value));
        Assert.True(AdapterFixtures.Same(single.Packed, rounded.Packed));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void DequantizedWeightsAreTheReferences(int index)
    {
        using var scope = NewDisposeScope();
        var (weights, expected) = Case(index);
        using var rounded = Nf4Weights.Of(weights);
        var back = rounded.Dequantize();
        Assert.Equal(weights.shape, back.shape);
        var values = back.flatten().data<float>().ToArray();
        Assert.All(values.Zip(expected.GetProperty("back").Numbers()), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        Assert.Equal(expected.GetProperty("back_sum").GetDouble(), values.Sum(value => (double)value), 1e-3);
        Assert.Equal(expected.GetProperty("back_square").GetDouble(), values.Sum(value => (double)value * value), 1e-3);
    }

    [Fact]
    public void ByHand_TheFirstOfTwoIsTheHighHalfAndTiesGoDown()
    {
        using var scope = NewDisposeScope();
        // Scale 2: −1 is code 0, 1 is code 15, 0 is code 7; 0.2461123·2 is code 10.
        using var rounded = Nf4Weights.Of(tensor(new[] { -2f, 2f, 0f, 2 * 0.24611230194568634f }), doubleQuantization: false);
        Assert.Equal([0x0F, 0x7A], rounded.Packed.data<byte>().ToArray());
        Assert.Equal([2f], rounded.Scales.data<float>().ToArray());
        var tie = (Nf4.Code[7] + Nf4.Code[8]) / 2;
        Assert.Equal(7, Nf4.Nearest(tensor(new[] { tie }), Nf4.Code).item<long>());
        Assert.Equal(8, Nf4.Nearest(tensor(new[] { MathF.BitIncrement(tie) }), Nf4.Code).item<long>());
        using var zeros = Nf4Weights.Of(torch.zeros(64), doubleQuantization: false);
        Assert.All(zeros.Packed.data<byte>().ToArray(), value => Assert.Equal(0x77, value));
        Assert.Equal(0, zeros.Dequantize().abs().max().item<float>());
    }

    [Theory]
    [InlineData(true, 4.127)] // 4 + 8/64 + 32/(64·256), as the paper counts
    [InlineData(false, 4.5)]
    public void BitsANumberAreThePapers(bool twice, double bits)
    {
        using var weights = Nf4Weights.Of(zeros(1024, 1024), twice);
        Assert.Equal(bits, weights.Bytes * 8.0 / (1024 * 1024), 1e-3);
    }

    [Fact]
    public void AQuantizedModelComputesWithTheRoundedWeightsAndGivesThemToo()
    {
        using var scope = NewDisposeScope();
        using var unet = AdapterFixtures.TinyUNet();
        var full = TrainingMemory.BytesOf(unet.state_dict().Values);
        var before = unet.Ask();
        Tensor during, after;
        using (var quantized = QuantizedModel.Of(unet))
        {
            during = unet.Ask();
            Assert.True(quantized.Bytes < full);
            Assert.Equal([32, 32], [quantized.Layers["time_embedding.linear_2"].Shape[0], quantized.Layers["time_embedding.linear_2"].Shape[1]]);
            Assert.Contains("already", Assert.Throws<CourseException>(() => QuantizedModel.Of(unet, ["to_q"])).Message);
            using var lora = Lora.Attach(unet).Taught();
            Assert.Contains("4 bits", Assert.Throws<CourseException>(lora.Merge).Message);
            Assert.False(AdapterFixtures.Same(during, unet.Ask()));
        }
        after = unet.Ask(); // with rounded weights in full
        Assert.True(during.allclose(after, rtol: 1e-4, atol: 1e-5));
        Assert.False(AdapterFixtures.Same(before, after));
        Assert.True((before - after).abs().mean().item<float>() < 0.2 * before.abs().mean().item<float>());
    }

    [Fact]
    public void TheWayBackGoesThroughTheRoundedWeights()
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("a", nn.Linear(64, 32)), ("b", nn.Linear(32, 8, hasBias: false)));
        using var quantized = QuantizedModel.Of(model);
        var (a, b) = (quantized.Layers["a"].Dequantize(), quantized.Layers["b"].Dequantize());
        var (x, same) = (randn(5, 64, requires_grad: true), (Tensor)null!);
        model.call(x).square().sum().backward();
        same = x.detach().clone().requires_grad_(true);
        nn.functional.linear(nn.functional.linear(same, a, ((Linear)model[0]).bias), b).square().sum().backward();
        Assert.True(x.grad!.allclose(same.grad!, rtol: 1e-4, atol: 1e-4));
        Assert.True(model.call(randn(2, 3, 64)).shape is [2, 3, 8]); // sequences, too
    }

    [Fact]
    public void TrainingOnFourBitsLearnsAndLeavesNothingBehind()
    {
        var model = nn.Sequential(("a", nn.Linear(64, 64)), ("b", nn.ReLU()), ("c", nn.Linear(64, 8)));
        using var quantized = QuantizedModel.Of(model);
        using var lora = Lora.Attach(model, new() { Targets = ["a", "c"], Rank = 4 });
        using var adam = optim.Adam(lora.parameters(), 1e-2);
        using var x = randn(32, 64);
        using var y = randn(32, 8);
        var first = Step();
        Step();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 30; i++) Step();
        Assert.True(Step() < 0.7 * first);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        double Step()
        {
            using var scope = NewDisposeScope();
            adam.zero_grad();
            var loss = nn.functional.mse_loss(model.call(x), y);
            loss.backward();
            adam.step();
            return loss.item<float>();
        }
    }

    [Fact]
    public void TheFileHasThePublishedNamesAndComesBackBitForBit()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var unet = AdapterFixtures.TinyUNet();
        using var quantized = QuantizedModel.Of(unet, ["to_q", "to_k"]);
        quantized.Save(folder["model.safetensors"]);
        const string name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight";
        using (var file = WeightFile.Open(folder["model.safetensors"]))
        {
            Assert.Equal([name, $"{name}.absmax", $"{name}.nested_absmax", $"{name}.nested_quant_map", $"{name}.quant_map", $"{name}.quant_state.bitsandbytes__nf4"],
                file.Entries.Select(entry => entry.Name).Where(entry => entry.StartsWith(name, StringComparison.Ordinal)).Order());
            var state = System.Text.Encoding.UTF8.GetString(file.Read($"{name}.quant_state.bitsandbytes__nf4").data<byte>().ToArray());
            Assert.StartsWith("{\"quant_type\": \"nf4\", \"blocksize\": 64, \"dtype\": \"float32\", \"shape\": [16, 16], \"nested_blocksize\": 256, \"nested_dtype\": \"float32\", \"nested_offset\": ", state);
        }
        using var other = AdapterFixtures.TinyUNet();
        using (no_grad()) foreach (var parameter in other.parameters()) parameter.add_(1);
        using var read = QuantizedModel.Load(other, folder["model.safetensors"]);
        Assert.True(AdapterFixtures.Same(unet.Ask(), other.Ask()));
        Assert.Equal(quantized.Bytes, read.Bytes);
        var bytes = File.ReadAllBytes(folder["model.safetensors"]);
        folder.Write("short.safetensors", bytes[..^100]);
        Assert.Contains("short.safetensors", Assert.Throws<CourseException>(() => QuantizedModel.Load(other, folder["short.safetensors"])).Message);
    }

    [Fact]
    public void WhatCannotBeRoundedIsRefused()
    {
        Assert.Contains("not numbers", Assert.Throws<CourseException>(() => Nf4Weights.Of(tensor(new[] { 1f, float.NaN }))).Message);
        Assert.Contains("no Linear layer", Assert.Throws<CourseException>(() => QuantizedModel.Of(nn.Sequential(("a", nn.ReLU())))).Message);
    }

    private static (Tensor Weights, System.Text.Json.JsonElement Expected) Case(int index)
    {
        var expected = AdapterFixtures.All.GetProperty("nf4")[index];
        var values = expected.GetProperty("units").Numbers().Select(unit => (float)(unit / 1024)).ToArray();
        return (tensor(values, [.. expected.GetProperty("shape").Numbers().Select(side => (long)side)]), expected);
    }
}

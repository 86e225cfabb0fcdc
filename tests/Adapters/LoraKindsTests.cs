using System.Text.Json;
using ImageGen.Adapters;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>LoRA on convolutions (LoCon) and DoRA, against the numbers that make_lora_kinds.py worked from the papers.</summary>
public class LoraKindsTests
{
    private static readonly JsonElement All =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "adapters", "kinds.json"))).RootElement;

    public static TheoryData<string, string, bool> Kinds =>
        new(from name in new[] { "dense", "pointwise", "three", "strided", "dilated" } from rule in new[] { "plain", "stabilized" } from dora in new[] { false, true } select (name, rule, dora));

    [Theory, MemberData(nameof(Kinds))]
    public void TheSumIsTheOneWorkedByHandBesideTheWeightsAndInThem(string name, string rule, bool dora)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var numbers = All.GetProperty(name);
        var (model, x) = (Model(numbers), Of(numbers, "x").view(Sides(numbers, "input")));
        var before = (model.call(x), AdaptableLayers.Weight((nn.Module)model[0]).clone());
        using var lora = Lora.Attach(model, new() { Targets = ["layer"], Rank = 2, Alpha = 6, RankStabilized = rule == "stabilized", Dora = dora });
        Assert.True(before.Item1.allclose(model.call(x), rtol: 1e-5, atol: 1e-5)); // B is zero, and the lengths are the weight's
        var layer = lora.Layers["layer"];
        if (dora) Near(numbers, "start", layer.Magnitude!);
        layer.A.copy_(Of(numbers, "a").view(layer.A.shape));
        layer.B.copy_(Of(numbers, "b").view(layer.B.shape));
        layer.Magnitude?.copy_(Of(numbers, "m"));
        var expected = numbers.GetProperty(rule);
        var beside = model.call(x);
        Near(expected, dora ? "dora" : "lora", beside);
        lora.Merge();
        Near(expected, dora ? "decomposed" : "weight", AdaptableLayers.Weight((nn.Module)model[0]));
        Near(expected, dora ? "dora" : "lora", model.call(x));
        lora.Weight = 0.25; // a quarter of the way
        var quarter = before.Item1 + 0.25 * (beside - before.Item1);
        Assert.True(quarter.allclose(model.call(x), rtol: 1e-5, atol: 2e-5));
        lora.Unmerge();
        Assert.True(quarter.allclose(model.call(x), rtol: 1e-5, atol: 2e-5));
        Assert.True(AdapterFixtures.Same(before.Item2, AdaptableLayers.Weight((nn.Module)model[0])));
        lora.Detach();
        Assert.True(AdapterFixtures.Same(before.Item1, model.call(x)));
    }

    [Fact]
    public void DorasGradientsAreThoseWorkedByHand()
    {
        using var scope = NewDisposeScope();
        var numbers = All.GetProperty("dense");
        var model = Model(numbers);
        using var lora = Lora.Attach(model, new() { Targets = ["layer"], Rank = 2, Alpha = 6, Dora = true });
        var layer = lora.Layers["layer"];
        using (no_grad())
        {
            ((Linear)model[0]).bias!.zero_();
            layer.A.copy_(Of(numbers, "a").view(layer.A.shape));
            layer.B.copy_(Of(numbers, "b").view(layer.B.shape));
            layer.Magnitude!.copy_(Of(numbers, "m"));
        }
        model.call(Of(numbers, "x").view(4, 6)).square().sum().backward();
        var expected = numbers.GetProperty("gradients");
        Near(expected, "a", layer.A.grad!, 1e-3);
        Near(expected, "b", layer.B.grad!, 1e-3);
        Near(expected, "m", layer.Magnitude!.grad!, 1e-3);
    }

    [Theory]
    [InlineData(LoraLayout.Peft, false), InlineData(LoraLayout.Diffusers, false), InlineData(LoraLayout.Kohya, false)]
    [InlineData(LoraLayout.Peft, true), InlineData(LoraLayout.Diffusers, true), InlineData(LoraLayout.Kohya, true)]
    public void AUNetsConvolutionsWearThemToAndFromEveryLayout(LoraLayout layout, bool dora)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var unet = AdapterFixtures.TinyUNet();
        var before = unet.Ask(); // maps of 4×4, around which the U-Net has a shorter way
        Tensor expected;
        using (var lora = Lora.Attach(unet, new() { Targets = LoraOptions.Everything, Rank = 2, Alpha = 3, Dora = dora }).Taught())
        {
            Assert.Contains("down_blocks.0.resnets.0.conv1", lora.Layers.Keys);
            Assert.Contains("down_blocks.0.downsamplers.0.conv", lora.Layers.Keys);
            expected = unet.Ask();
            foreach (var other in lora.Layers.Where(pair => !pair.Key.Contains("conv"))) other.Value.Share = 0;
            Assert.False(before.allclose(unet.Ask(), atol: 1e-3)); // of the convolutions alone
            lora.Merge();
            Assert.True(expected.allclose(unet.Ask(), rtol: 1e-3, atol: 1e-4));
            lora.Unmerge();
            Assert.True(AdapterFixtures.Same(expected, unet.Ask()));
            LoraFile.Save(lora, folder["lora.safetensors"], layout);
        }
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        using var read = LoraFile.Attach(unet, folder["lora.safetensors"]);
        Assert.Equal(dora, read.Layers.Values.All(layer => layer.Magnitude is not null));
        Assert.True(expected.allclose(unet.Ask(), rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void DoraLearnsWithFourBits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var model = nn.Sequential(("layer", nn.Linear(64, 8)));
        using var quantized = QuantizedModel.Of(model);
        var x = randn(3, 64);
        var before = model.call(x);
        using var lora = Lora.Attach(model, new() { Targets = ["layer"], Rank = 2, Dora = true });
        Assert.True(before.allclose(model.call(x), rtol: 1e-4, atol: 1e-4));
        model.call(x).sum().backward();
        Assert.True(lora.Layers["layer"].Magnitude!.grad!.abs().sum().item<float>() > 0);
    }

    private static Sequential Model(JsonElement numbers)
    {
        var shape = Sides(numbers, "shape");
        long Of(string name) => numbers.GetProperty(name).GetInt64();
        nn.Module<Tensor, Tensor> layer = shape.Length == 2 ? nn.Linear(shape[1], shape[0])
            : nn.Conv2d(shape[1], shape[0], (shape[2], shape[3]), (Of("stride"), Of("stride")), (Of("padding"), Of("padding")), (Of("dilation"), Of("dilation")));
        using var noGrad = no_grad();
        AdaptableLayers.Weight(layer).copy_(LoraKindsTests.Of(numbers, "w").view(shape));
        (layer is Linear linear ? linear.bias! : ((Conv2d)layer).bias!).copy_(LoraKindsTests.Of(numbers, "bias"));
        return nn.Sequential(("layer", layer));
    }

    private static long[] Sides(JsonElement numbers, string name) => [.. numbers.GetProperty(name).EnumerateArray().Select(side => side.GetInt64())];

    private static Tensor Of(JsonElement numbers, string name) => tensor(numbers.GetProperty(name).EnumerateArray().Select(value => value.GetSingle()).ToArray());

    private static void Near(JsonElement numbers, string name, Tensor actual, double tolerance = 2e-5) =>
        Assert.InRange((Of(numbers, name) - actual.flatten()).abs().max().item<float>(), 0, tolerance);
}

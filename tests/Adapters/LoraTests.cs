using ImageGen.Adapters;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class LoraTests
{
    [Theory]
    [InlineData(false, "alpha8")]
    [InlineData(true, "stabilized")]
    public void TheSumIsTheOneWorkedByHand(bool stabilized, string expected)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var numbers = AdapterFixtures.All.GetProperty("lora");
        var (model, x) = (ByHand(numbers), numbers.GetProperty("x").Matrix());
        using var lora = Attach(model, numbers, new() { Targets = ["dense"], Rank = 2, Alpha = 8, RankStabilized = stabilized });
        Assert.True(model.call(x).allclose(numbers.GetProperty(expected).Matrix(), rtol: 1e-4, atol: 1e-5));
        if (stabilized) return;
        lora.Weight = 0.5;
        Assert.True(model.call(x).allclose(numbers.GetProperty("half").Matrix(), rtol: 1e-4, atol: 1e-5));
        lora.Weight = 1;
        lora.Merge();
        Assert.True(((Linear)model[0]).weight!.allclose(numbers.GetProperty("merged").Matrix(), rtol: 1e-4, atol: 1e-5));
        Assert.True(model.call(x).allclose(numbers.GetProperty(expected).Matrix(), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void AConvolutionOfOnePixelIsTheSameSumAtEveryPlace()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var numbers = AdapterFixtures.All.GetProperty("lora");
        var convolution = nn.Conv2d(4, 3, kernel_size: 1);
        convolution.weight!.copy_(numbers.GetProperty("w").Matrix().view(3, 4, 1, 1));
        convolution.bias!.copy_(tensor(numbers.GetProperty("bias").Numbers()).to(ScalarType.Float32));
        var model = nn.Sequential(("dense", convolution));
        using var lora = Attach(model, numbers, new() { Targets = ["dense"], Rank = 2, Alpha = 8 });
        var x = numbers.GetProperty("x").Matrix(); // five places of four channels
        var y = model.call(x.t().reshape(1, 4, 1, 5));
        Assert.True(y.view(3, 5).t().allclose(numbers.GetProperty("alpha8").Matrix(), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void ANewAdapterChangesNothingAndOneWithWeightZeroNeitherToTheBit()
    {
        using var scope = NewDisposeScope();
        using var unet = AdapterFixtures.TinyUNet();
        var before = unet.Ask();
        using var lora = Lora.Attach(unet, new() { Targets = LoraOptions.Transformer });
        Assert.True(AdapterFixtures.Same(before, unet.Ask())); // B is zero
        lora.Taught();
        Assert.False(before.allclose(unet.Ask(), atol: 1e-3));
        lora.Weight = 0;
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        (lora.Weight, lora.Enabled) = (1, false);
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        lora.Enabled = true;
        Assert.False(AdapterFixtures.Same(before, unet.Ask()));
        lora.Detach();
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
    }

    [Fact]
    public void MergingGivesTheSamePictureAndUnmergingTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var unet = AdapterFixtures.TinyUNet();
        var (before, weights) = (unet.Ask(), unet.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone()));
        using var style = Lora.Attach(unet, new() { Targets = LoraOptions.Transformer, Rank = 3 }).Taught();
        using var kind = Lora.Attach(unet, new() { Rank = 2, Alpha = 5 }).Taught(4);
        (style.Weight, kind.Weight) = (0.7, -0.3);
        var beside = unet.Ask();
        style.Merge();
        kind.Merge();
        Assert.True(beside.allclose(unet.Ask(), rtol: 1e-4, atol: 1e-4));
        Assert.False(AdapterFixtures.Same(weights["mid_block.attentions.0.proj_in.weight"], unet.state_dict()["mid_block.attentions.0.proj_in.weight"]));
        style.Weight = 0.2; // of a merged adapter, too
        style.Unmerge();    // the first merged goes first: only a kept weight can come back whole
        style.Weight = 0.7;
        Assert.True(beside.allclose(unet.Ask(), rtol: 1e-4, atol: 1e-4));
        kind.Unmerge();
        Assert.True(AdapterFixtures.Same(beside, unet.Ask()));
        Assert.All(unet.state_dict(), pair => Assert.True(AdapterFixtures.Same(weights[pair.Key], pair.Value), pair.Key));
        kind.Merge();
        kind.Detach(); // takes off what is merged, too
        style.Enabled = false;
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
    }

    [Fact]
    public void SeveralAdaptersAddUp()
    {
        using var scope = NewDisposeScope();
        using var unet = AdapterFixtures.TinyUNet();
        using var first = Lora.Attach(unet, new() { Targets = ["conv_shortcut"], Rank = 2 }).Taught(); // one layer on the way, so that sums are sums
        var model = nn.Sequential(("a", nn.Linear(6, 5)));
        var x = randn(3, 6);
        var bare = model.call(x);
        using var one = Lora.Attach(model, new() { Targets = ["a"], Rank = 2 }).Taught();
        var withOne = model.call(x) - bare;
        using var two = Lora.Attach(model, new() { Targets = ["a"], Rank = 3, Seed = 9 }).Taught(8);
        one.Enabled = false;
        var withTwo = model.call(x) - bare;
        one.Enabled = true;
        (one.Weight, two.Weight) = (0.25, 2);
        Assert.True(model.call(x).allclose(bare + 0.25 * withOne + 2 * withTwo, rtol: 1e-4, atol: 1e-4));
    }

    [Fact]
    public void OnlyTheAdapterLearnsAndOnlyItIsInItsState()
    {
        using var scope = NewDisposeScope();
        using var unet = AdapterFixtures.TinyUNet();
        using var lora = Lora.Attach(unet, new() { Targets = LoraOptions.Transformer, Dropout = 0.1 });
        lora.train();
        using var generator = new Generator(1);
        unet.call(randn(2, 4, 4, 4), tensor(new[] { 10L, 800 }), randn(2, 3, 16), null).square().mean().backward();
        Assert.All(unet.parameters(), parameter => Assert.False(parameter.requires_grad));
        Assert.All(unet.parameters(), parameter => Assert.True(parameter.grad is null));
        Assert.All(lora.Layers, pair => Assert.True(pair.Value.B.grad is { } gradient && gradient.abs().sum().item<float>() > 0, pair.Key));
        Assert.Equal(lora.ParameterCount, lora.parameters().Sum(parameter => parameter.numel()));
        Assert.All(lora.state_dict().Keys, name => Assert.Matches(@"\.lora_[AB]\.weight$", name));
        Assert.Contains("mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight", lora.state_dict().Keys);
    }

    [Fact]
    public void DropoutHidesInputsInTrainingOnly()
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("a", nn.Linear(64, 1)));
        using var lora = Lora.Attach(model, new() { Targets = ["a"], Rank = 1, Dropout = 0.5 }).Taught();
        var x = ones(1, 64);
        lora.eval();
        Assert.True(AdapterFixtures.Same(model.call(x), model.call(x)));
        lora.train();
        Assert.False(AdapterFixtures.Same(model.call(x), model.call(x)));
    }

    [Fact]
    public void StableDiffusionsAttentionAtRankFourHasThePublishedCount()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.StableDiffusion, new Device(DeviceType.META));
        var layers = AdaptableLayers.Of(unet, LoraOptions.Attention);
        Assert.Equal(128, layers.Count);
        Assert.Equal(797_184, layers.Sum(layer => 4 * AdaptableLayers.Weight(layer.Layer).shape.Sum()));
    }

    [Fact]
    public void BertWearsAdaptersToo()
    {
        using var scope = NewDisposeScope();
        using var bert = BertText.Untrained(["a red flower", "a blue one"], new BertConfig(60, Width: 16, Layers: 2, Heads: 2, FeedForward: 32, Positions: 12));
        var before = bert.Embed(["a red flower"]);
        using var lora = Lora.Attach(bert.Model, new() { Targets = LoraOptions.Bert, Rank = 2 });
        Assert.Equal(["bert.encoder.layer.0.attention.self.query", "bert.encoder.layer.0.attention.self.value", "bert.encoder.layer.1.attention.self.query", "bert.encoder.layer.1.attention.self.value"], lora.Layers.Keys);
        Assert.Equal(4 * 2 * (16 + 16), lora.ParameterCount);
        lora.Taught();
        Assert.False(before.allclose(bert.Embed(["a red flower"]), atol: 1e-3));
        lora.Detach();
        Assert.True(AdapterFixtures.Same(before, bert.Embed(["a red flower"])));
    }

    [Fact]
    public void TheSameSeedGivesTheSameAdapterAndLeavesChanceAlone()
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("a", nn.Linear(6, 5)), ("b", nn.Linear(5, 4)));
        manual_seed(1);
        var first = rand(1);
        manual_seed(1);
        using var one = Lora.Attach(model, new() { Targets = ["a", "b"], Rank = 2 });
        Assert.True(AdapterFixtures.Same(first, rand(1)));
        using var same = Lora.Attach(model, new() { Targets = ["a", "b"], Rank = 2 });
        using var other = Lora.Attach(model, new() { Targets = ["a", "b"], Rank = 2, Seed = 8 });
        Assert.True(AdapterFixtures.Same(one.Layers["b"].A, same.Layers["b"].A));
        Assert.False(AdapterFixtures.Same(one.Layers["b"].A, other.Layers["b"].A));
        Assert.True(one.Layers["a"].A.abs().max().item<float>() <= 1 / Math.Sqrt(6)); // kaiming_uniform(√5)
    }

    [Fact]
    public void AnAdapterLeavesNothingBehind()
    {
        using var unet = AdapterFixtures.TinyUNet();
        unet.Ask().Dispose();
        Once();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Once();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Once()
        {
            using var lora = Lora.Attach(unet).Taught();
            unet.Ask().Dispose();
            lora.Merge();
            unet.Ask().Dispose();
        }
    }

    [Fact]
    public void BadOptionsAreOneClearLine()
    {
        using var unet = AdapterFixtures.TinyUNet();
        Says("Rank is 0", new() { Rank = 0 });
        Says("Alpha is 0", new() { Alpha = 0 });
        Says("Alpha is NaN", new() { Alpha = double.NaN });
        Says("Dropout is 1", new() { Dropout = 1 });
        Says("Targets is empty", new() { Targets = [] });
        Says("'to_z' names no layer of UNet, whose layers end in", new() { Targets = ["to_z"] });
        Says("'norm1' names layers of UNet that are neither Linear", new() { Targets = ["norm1"] });
        Says("attn1.to_q is a matrix of 16×16, whose rank is at most 16", new() { Rank = 17 });
        using var lora = Lora.Attach(unet);
        Assert.Contains("Weight is NaN", Assert.Throws<CourseException>(() => lora.Weight = double.NaN).Message);

        void Says(string what, LoraOptions options)
        {
            var message = Assert.Throws<CourseException>(() => Lora.Attach(unet, options)).Message;
            Assert.Contains(what, message);
            Assert.DoesNotContain('\n', message);
        }
    }

    private static Sequential ByHand(System.Text.Json.JsonElement numbers)
    {
        var dense = nn.Linear(4, 3);
        dense.weight!.copy_(numbers.GetProperty("w").Matrix());
        dense.bias!.copy_(tensor(numbers.GetProperty("bias").Numbers()).to(ScalarType.Float32));
        return nn.Sequential(("dense", dense));
    }

    private static Lora Attach(nn.Module model, System.Text.Json.JsonElement numbers, LoraOptions options)
    {
        var lora = Lora.Attach(model, options);
        var layer = lora.Layers["dense"];
        layer.A.copy_(numbers.GetProperty("a").Matrix().view(layer.A.shape));
        layer.B.copy_(numbers.GetProperty("b").Matrix().view(layer.B.shape));
        return lora;
    }
}

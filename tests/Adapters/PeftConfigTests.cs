using ImageGen.Adapters;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Strengths, names and settings as peft and diffusers write them.</summary>
public sealed class PeftConfigTests : IDisposable
{
    private const string Layer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q", Key = "mid_block.attentions.0.transformer_blocks.0.attn1.to_k";

    private readonly TemporaryFolder folder = new();
    private readonly ImageGen.Diffusion.UNet unet = AdapterFixtures.TinyUNet();

    [Theory]
    [InlineData("alpha-pattern/adapter_model.safetensors", 2, 4)]        // 8/4, and 32/8 by the patterns
    [InlineData("custom-adapter-name/adapter_model.safetensors", 2, 1)] // 8/4, and 8/8: the matrices have their ranks
    [InlineData("lora-adapter-metadata.safetensors", 4, 2)]              // 16/4, and 16/8
    public void TheGivenFilesHaveTheirStrengths(string name, double query, double key)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Fixtures", "adapters", "peft", name);
        // Their layers are of a U-Net with attention of 64 numbers.
        using var wide = new ImageGen.Diffusion.UNet(new([32, 64], [false, true], 16, ResnetsPerLevel: 1, Heads: 2, NormGroups: 2, LatentSide: 4));
        using var lora = LoraFile.Attach(wide, path);
        const string attention = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.";
        Assert.Equal((query, key), (lora.Layers[attention + "to_q"].Scale, lora.Layers[attention + "to_k"].Scale));
    }

    [Theory]
    [InlineData("""{"r": 4, "lora_alpha": 16}""", 4, 4)]
    [InlineData("""{"r": 4, "lora_alpha": null}""", 1, 1)]                                       // as large as the rank
    [InlineData("""{"r": 4}""", 2, 2)]                                                           // peft's own α, 8
    [InlineData("""{"r": 4, "lora_alpha": 16, "use_rslora": true}""", 8, 8)]
    [InlineData("""{"r": 4, "lora_alpha": 16, "alpha_pattern": {"to_k": 32}}""", 4, 8)]
    [InlineData("""{"r": 4, "lora_alpha": 16, "alpha_pattern": {"o_k": 32}}""", 4, 4)]           // no whole name
    [InlineData("""{"r": 4, "lora_alpha": 16, "alpha_pattern": {"attn1.to_[kv]": 32}}""", 4, 8)] // a regular expression
    [InlineData("""{"r": 4, "lora_alpha": 16, "alpha_pattern": {"^mid_block.*q": 2, "to_q": 32}}""", 0.5, 4)] // the first that fits; ^ stands at the path's start
    [InlineData("""{"r": 9, "lora_alpha": 16, "rank_pattern": {"to_q": 4, "to_k": 4}}""", 4, 4)]
    [InlineData("""{"r": 4, "lora_alpha": 16, "target_modules": ["x"], "lora_dropout": 0.1, "loftq_config": {"a": 1}, "layer_replication": null, "lora_bias": false}""", 4, 4)]
    public void TheConfigSaysTheStrengthAsPeftReadsIt(string config, double query, double key)
    {
        Write(("base_model.model." + Layer + ".lora_A.mine.weight", [4, 16]), ("base_model.model." + Layer + ".lora_B.mine.weight", [16, 4]),
            ("base_model.model." + Key + ".lora_A.mine.weight", [4, 16]), ("base_model.model." + Key + ".lora_B.mine.weight", [16, 4]));
        File.WriteAllText(folder["adapter_config.json"], config);
        using var lora = LoraFile.Attach(unet, folder["lora.safetensors"]);
        Assert.Equal((query, key), (lora.Layers[Layer].Scale, lora.Layers[Key].Scale));
    }

    [Theory]
    [InlineData("""{"r": 4, "use_dora": true}""", "lacks DoRA's magnitudes")]
    [InlineData("""{"r": 4, "init_lora_weights": "pissa_niter_4"}""", "the model's own weights were changed first")]
    [InlineData("""{"r": 4, "lora_bias": true}""", "'lora_bias' true")]
    [InlineData("""{"r": 4, "layer_replication": [[0, 4]]}""", "'layer_replication' [[0,4]]")]
    [InlineData("""{"r": 4, "a_new_key": 5}""", "'a_new_key' 5")]
    [InlineData("""{"r": 4, "lora_alpha": "much"}""", "cannot be read")]
    [InlineData("""{"r": 4, "lora_alpha": -1}""", "no number above 0")]
    [InlineData("""{"r": 4, "r": 5}""", "cannot be read")]
    [InlineData("""{"r": 4, "alpha_pattern": {"(": 5}}""", "The pattern '('")]
    [InlineData("""[1]""", "no JSON object")]
    public void WhatACourseCannotDoIsRefusedByName(string config, params string[] parts)
    {
        Write(("base_model.model." + Layer + ".lora_A.weight", [4, 16]), ("base_model.model." + Layer + ".lora_B.weight", [16, 4]));
        File.WriteAllText(folder["adapter_config.json"], config);
        Refuses(parts);
    }

    [Fact]
    public void TensorsThatWereLearnedWholeStandInThePlaceOfTheModelsWhileItIsOn()
    {
        using var scope = NewDisposeScope();
        var before = unet.Ask();
        Write(("base_model.model." + Layer + ".lora_A.default.weight", [4, 16]), ("base_model.model." + Layer + ".lora_B.default.weight", [16, 4]),
            ("base_model.model." + Layer + ".base_layer.weight", [16, 16]), // the model's own: frozen, passed over
            ("base_model.model.conv_in.original_module.weight", [8, 4, 3, 3]),
            ("base_model.model.conv_in.modules_to_save.default.weight", [8, 4, 3, 3]), ("base_model.model.conv_in.modules_to_save.default.bias", [8]));
        using (var lora = LoraFile.Attach(unet, folder["lora.safetensors"]))
        {
            Assert.False(before.allclose(unet.Ask(), atol: 1e-3));
            Assert.Equal(0, unet.state_dict()["conv_in.weight"].abs().sum().item<float>());
            lora.Enabled = false;
            Assert.True(AdapterFixtures.Same(before, unet.Ask()));
            lora.Enabled = true;
            LoraFile.Save(lora, folder["again.safetensors"]);
            Assert.Contains("peft's layout alone", Assert.Throws<CourseException>(() => LoraFile.Save(lora, folder["k.safetensors"], LoraLayout.Kohya)).Message);
        }
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        using (var again = LoraFile.Attach(unet, folder["again.safetensors"])) Assert.Equal(0, unet.state_dict()["conv_in.bias"].abs().sum().item<float>());
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        Write(("base_model.model." + Layer + ".lora_A.weight", [4, 16]), ("base_model.model." + Layer + ".lora_B.weight", [16, 4]), ("base_model.model.conv_in.weight", [8, 5, 3, 3]));
        Refuses("1 tensors beside the LoRA's that are none of UNet's: base_model.model.conv_in.weight [8, 5, 3, 3]");
    }

    [Fact]
    public void LayersOfDifferentRanksAndStrengthsComeBackByPatterns()
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["lora.safetensors"], new Dictionary<string, Tensor>
        {
            [$"unet.{Layer}.lora.down.weight"] = randn(2, 16), [$"unet.{Layer}.lora.up.weight"] = randn(16, 2), [$"unet.{Layer}.alpha"] = tensor(5f),
            [$"unet.{Key}.lora.down.weight"] = randn(3, 16), [$"unet.{Key}.lora.up.weight"] = randn(16, 3),
        });
        Tensor expected;
        using (var lora = LoraFile.Attach(unet, folder["lora.safetensors"]))
        {
            LoraFile.Save(lora, folder["peft.safetensors"]);
            expected = unet.Ask();
        }
        using var read = LoraFile.Attach(unet, folder["peft.safetensors"]);
        Assert.Equal((2.5, 1.0), (read.Layers[Layer].Scale, read.Layers[Key].Scale));
        Assert.True(expected.allclose(unet.Ask(), rtol: 1e-6, atol: 1e-6));
    }

    [Theory]
    [InlineData("lora_unet_x.hada_w1_a", "LoHa")]
    [InlineData("lora_unet_x.lokr_w1", "LoKr")]
    [InlineData("lora_unet_x.oft_blocks", "OFT")]
    [InlineData("base_model.model.x.oft_R.default.weight", "OFT")]
    [InlineData("lora_unet_x.a1.weight", "GLoRA")]
    [InlineData("lora_unet_x.lora_mid.weight", "LoCon with a Tucker core")]
    [InlineData("lora_unet_x.diff", "file of whole differences")]
    [InlineData("base_model.model.x.lora_B.bias", "LoRA with a bias")]
    [InlineData("base_model.model.x.lora_embedding_A", "LoRA of an embedding")]
    public void OtherAdaptersAreRefusedByName(string name, string kind)
    {
        Write(($"unet.{Layer}.lora.down.weight", [2, 16]), ($"unet.{Layer}.lora.up.weight", [16, 2]), (name, [2, 2]));
        Refuses($"is a {kind}", name);
    }

    [Fact]
    public void SeveralAdaptersAndNumbersThatAreNoneAreNamed()
    {
        Write(("unet." + Layer + ".lora_A.one.weight", [4, 16]), ("unet." + Layer + ".lora_B.two.weight", [16, 4]));
        Refuses("holds 2 adapters: one, two");
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["lora.safetensors"], new Dictionary<string, Tensor> { [$"unet.{Layer}.lora.down.weight"] = randn(2, 16), [$"unet.{Layer}.lora.up.weight"] = full([16, 2], double.NaN) });
        Refuses("(NaN) in 1 of its tensors: unet." + Layer + ".lora.up.weight");
    }

    public void Dispose()
    {
        unet.Dispose();
        folder.Dispose();
    }

    private void Write(params (string Name, long[] Shape)[] tensors)
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["lora.safetensors"], tensors.ToDictionary(pair => pair.Name, pair => zeros(pair.Shape)));
    }

    private void Refuses(params string[] parts)
    {
        var message = Assert.Throws<CourseException>(() => LoraFile.Attach(unet, folder["lora.safetensors"])).Message;
        Assert.All(parts, part => Assert.Contains(part, message));
        Assert.DoesNotContain('\n', message);
    }
}

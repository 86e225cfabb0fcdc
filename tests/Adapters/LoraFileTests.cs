using ImageGen.Adapters;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class LoraFileTests : IDisposable
{
    private const string Layer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q", Flat = "mid_block_attentions_0_transformer_blocks_0_attn1_to_q";

    private readonly TemporaryFolder folder = new();
    private readonly ImageGen.Diffusion.UNet unet = AdapterFixtures.TinyUNet();

    [Theory]
    [InlineData(LoraLayout.Peft)]
    [InlineData(LoraLayout.Diffusers)]
    [InlineData(LoraLayout.Kohya)]
    public void WhatIsWrittenComesBackTheSameToTheBit(LoraLayout layout)
    {
        using var scope = NewDisposeScope();
        Tensor expected;
        using (var lora = Lora.Attach(unet, new() { Targets = LoraOptions.Transformer, Rank = 3, Alpha = 8, RankStabilized = true }).Taught())
        {
            LoraFile.Save(lora, folder["lora.safetensors"], layout);
            expected = unet.Ask();
        }
        Assert.False(expected.allclose(unet.Ask(), atol: 1e-3));
        using var read = LoraFile.Attach(unet, folder["lora.safetensors"]);
        Assert.Equal(3, read.Layers[Layer].Rank);
        Assert.Equal(8 / Math.Sqrt(3), read.Layers[Layer].Scale, 1e-6);
        Assert.True(expected.allclose(unet.Ask(), rtol: 1e-6, atol: 1e-6));
        Assert.Equal(layout == LoraLayout.Peft, File.Exists(folder["adapter_config.json"]));
    }

    [Theory]
    [InlineData(LoraLayout.Peft, "base_model.model." + Layer + ".lora_A.weight", "base_model.model." + Layer + ".lora_B.weight")]
    [InlineData(LoraLayout.Diffusers, "unet." + Layer + ".lora.down.weight", "unet." + Layer + ".lora.up.weight")]
    [InlineData(LoraLayout.Kohya, "lora_unet_" + Flat + ".alpha", "lora_unet_" + Flat + ".lora_down.weight", "lora_unet_" + Flat + ".lora_up.weight")]
    public void TheNamesAreTheLayouts(LoraLayout layout, params string[] names)
    {
        using var lora = Lora.Attach(unet, new() { Targets = [Layer] });
        LoraFile.Save(lora, folder["lora.safetensors"], layout);
        using var file = WeightFile.Open(folder["lora.safetensors"]);
        Assert.Equal(names, file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.Equal([4, 16], file[names[^2]].Shape);
    }

    [Fact]
    public void BertsNamesAreATextEncoders()
    {
        using var bert = new MaskedLanguageModel(new BertConfig(20, Width: 8, Layers: 1, Heads: 2, FeedForward: 8, Positions: 8));
        using var lora = Lora.Attach(bert, new() { Targets = ["query"], Rank = 2 });
        const string query = "bert.encoder.layer.0.attention.self.query";
        Assert.Contains($"base_model.model.{query}.lora_A.weight", LoraFile.Tensors(lora, LoraLayout.Peft).Keys);
        Assert.Contains($"text_encoder.{query}.lora.up.weight", LoraFile.Tensors(lora, LoraLayout.Diffusers).Keys);
        Assert.Contains("lora_te_bert_encoder_layer_0_attention_self_query.alpha", LoraFile.Tensors(lora, LoraLayout.Kohya).Keys);
    }

    [Theory]
    [InlineData("unet." + Layer + ".lora_A.weight", "unet." + Layer + ".lora_B.weight")] // diffusers with peft's letters
    [InlineData(Layer + ".lora_A.weight", Layer + ".lora_B.weight")]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight")]
    [InlineData("unet." + Layer + ".lora_linear_layer.down.weight", "unet." + Layer + ".lora_linear_layer.up.weight")]
    public void OlderNamesAreReadWithTheRankAsAlpha(string down, string up)
    {
        Write((down, [2, 16]), (up, [16, 2]));
        using var lora = LoraFile.Attach(unet, folder["lora.safetensors"]);
        Assert.Equal([Layer], lora.Layers.Keys);
        Assert.Equal(1, lora.Layers[Layer].Scale);
    }

    [Fact]
    public void KohyasAlphaIsDividedByTheRankAndConvolutionsMayComeFlat()
    {
        using var scope = NewDisposeScope();
        const string entrance = "lora_unet_mid_block_attentions_0_proj_in";
        SafeTensors.Save(folder["lora.safetensors"], new Dictionary<string, Tensor>
        {
            [$"lora_unet_{Flat}.lora_down.weight"] = ones(4, 16), [$"lora_unet_{Flat}.lora_up.weight"] = ones(16, 4), [$"lora_unet_{Flat}.alpha"] = tensor(1f),
            [$"{entrance}.lora_down.weight"] = ones(2, 16), [$"{entrance}.lora_up.weight"] = ones(16, 2), [$"{entrance}.alpha"] = tensor(2f),
            ["lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight"] = ones(2, 8), ["lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight"] = ones(8, 2), // another model's
        }, ScalarType.Float16);
        using var lora = LoraFile.Attach(unet, folder["lora.safetensors"]);
        Assert.Equal(2, lora.Layers.Count);
        Assert.Equal(0.25, lora.Layers[Layer].Scale);
        Assert.Equal([16, 2, 1, 1], lora.Layers["mid_block.attentions.0.proj_in"].B.shape);
        Assert.All(lora.Layers[Layer].Delta().data<float>().ToArray(), value => Assert.Equal(1, value)); // ¼ of four ones
    }

    [Fact]
    public void PeftsConfigBesideTheFileSaysTheScale()
    {
        Write(($"base_model.model.{Layer}.lora_A.weight", [4, 16]), ($"base_model.model.{Layer}.lora_B.weight", [16, 4]));
        File.WriteAllText(folder["adapter_config.json"], """{"peft_type": "LORA", "r": 4, "lora_alpha": 16, "use_rslora": true}""");
        using (var lora = LoraFile.Attach(unet, folder["lora.safetensors"])) Assert.Equal(8, lora.Layers[Layer].Scale);
        File.WriteAllText(folder["adapter_config.json"], """{"peft_type": "LOHA", "r": 4}""");
        Refuses("the kind LOHA");
        File.WriteAllText(folder["adapter_config.json"], "{");
        Refuses("adapter_config.json, which belongs to the LoRA beside it, cannot be read");
    }

    [Fact]
    public void ALoraOfAnotherBaseSaysWhichLayersDoNotFit()
    {
        using var scope = NewDisposeScope();
        var before = unet.Ask();
        using var other = new ImageGen.Diffusion.UNet(new([8, 16, 16], [true, false, true], 24, ResnetsPerLevel: 1, Heads: 2, NormGroups: 2, LatentSide: 4));
        using (var lora = Lora.Attach(other)) LoraFile.Save(lora, folder["lora.safetensors"], LoraLayout.Kohya);
        Refuses("does not fit UNet, which stays as it was; of its ", "that the model has not", "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
            "of another shape: mid_block.attentions.0.transformer_blocks.0.attn2.to_k (file 16×24, model 16×16)");
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
        Assert.Contains(unet.parameters(), parameter => parameter.requires_grad);

        using var bert = new MaskedLanguageModel(new BertConfig(20, Width: 8, Layers: 1, Heads: 2, FeedForward: 8, Positions: 8));
        Assert.Contains("adapts a U-Net alone, and MaskedLanguageModel is a text encoder", Assert.Throws<CourseException>(() => LoraFile.Attach(bert, folder["lora.safetensors"])).Message);
    }

    [Fact]
    public void WhatIsNoLoraOrNotAWholeOneIsRefused()
    {
        Write(($"unet.{Layer}.lora.down.weight", [2, 16]), ($"lora_unet_{Flat}.lora_up.weight", [16, 2]), ($"base_model.model.{Layer}.lora_A.weight", [2, 16]));
        Refuses("mixes layouts", "1 names are Diffusers's", "1 names are Kohya's", "1 names are Peft's");
        Write(($"lora_unet_{Flat}.lora_up.weight", [16, 2]));
        Refuses("1 with only one of the two matrices: " + Flat);
        Write(($"unet.{Layer}.lora.down.weight", [2, 16]), ($"unet.{Layer}.lora.up.weight", [16, 3]));
        Refuses("rank 2 in one matrix, 3 in the other");
        Write(("conv_in.weight", [8, 4, 3, 3]));
        Refuses("is no LoRA", "conv_in.weight");
        Write(($"unet.{Layer}.lora.down.weight", [2, 16]), ($"unet.{Layer}.lora.up.weight", [16, 2]), ("conv_in.weight", [1]));
        Refuses("1 tensors beside the LoRA's", "conv_in.weight");
        Write(($"lora_unet_{Flat}.hada_w1_a", [16, 2]));
        Refuses("is a LoHa");
        Write(($"unet.{Layer}.lora.down.weight", [2, 16, 3, 3]), ($"unet.{Layer}.lora.up.weight", [16, 2]));
        Refuses("not two matrices");
        Write(($"lora_unet_{Flat}.lora_down.weight", [2, 16]), ($"lora_unet_{Flat}.lora_up.weight", [16, 2]), ($"lora_unet_{Flat}.alpha", [])); // filled with zeros
        Refuses("alpha that is no number above 0");
        File.WriteAllBytes(folder["lora.safetensors"], File.ReadAllBytes(folder["lora.safetensors"])[..^9]);
        Refuses("lora.safetensors");
        File.Delete(folder["lora.safetensors"]);
        Refuses("lora.safetensors");
    }

    [Theory]
    [InlineData("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", 8)]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.3.attn2.to_k.lora_A.weight", 2048)]
    [InlineData("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_v.lora_down.weight", 2048)]
    public void ALoraOfStableDiffusionXLIsNamedAsSuch(string name, int width)
    {
        Write((name, [4, width]));
        Refuses("LoRA of Stable Diffusion XL", name);
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

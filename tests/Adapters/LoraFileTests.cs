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

    // Stable Diffusion's blocks under both names, as the published converters of checkpoints pair them.
    [Theory]
    [InlineData("input_blocks_0_0", "conv_in")]
    [InlineData("input_blocks_1_0_in_layers_2", "down_blocks_0_resnets_0_conv1")]
    [InlineData("input_blocks_2_1_proj_in", "down_blocks_0_attentions_1_proj_in")]
    [InlineData("input_blocks_3_0_op", "down_blocks_0_downsamplers_0_conv")]
    [InlineData("input_blocks_4_0_skip_connection", "down_blocks_1_resnets_0_conv_shortcut")]
    [InlineData("input_blocks_4_1_transformer_blocks_0_attn1_to_q", "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q")]
    [InlineData("input_blocks_8_1_transformer_blocks_0_ff_net_0_proj", "down_blocks_2_attentions_1_transformer_blocks_0_ff_net_0_proj")]
    [InlineData("input_blocks_11_0_out_layers_3", "down_blocks_3_resnets_1_conv2")]
    [InlineData("middle_block_0_emb_layers_1", "mid_block_resnets_0_time_emb_proj")]
    [InlineData("middle_block_1_proj_out", "mid_block_attentions_0_proj_out")]
    [InlineData("middle_block_2_out_layers_3", "mid_block_resnets_1_conv2")]
    [InlineData("output_blocks_2_1_conv", "up_blocks_0_upsamplers_0_conv")]
    [InlineData("output_blocks_5_2_conv", "up_blocks_1_upsamplers_0_conv")]
    [InlineData("output_blocks_11_1_transformer_blocks_0_attn2_to_out_0", "up_blocks_3_attentions_2_transformer_blocks_0_attn2_to_out_0")]
    [InlineData("time_embed_0", "time_embedding_linear_1")]
    [InlineData("time_embed_2", "time_embedding_linear_2")]
    [InlineData("out_2", "conv_out")]
    [InlineData("down_blocks_0_resnets_0_conv1", null), InlineData("mid_block_attentions_0_proj_in", null), InlineData("output_blocks_2", null)]
    public void KohyasNamesOfTheFirstCodeAreTodays(string first, string? today) =>
        Assert.Equal(today, new ImageGen.Diffusion.SingleFileNames(unetLayers: 2, autoencoderLevels: 4).Flat(first));

    [Fact]
    public void AFileUnderTheFirstCodesNamesIsTheSameLora()
    {
        using var scope = NewDisposeScope();
        Tensor expected;
        using (var lora = Lora.Attach(unet, new() { Targets = LoraOptions.Everything, Rank = 2 }).Taught())
        {
            LoraFile.Save(lora, folder["today.safetensors"], LoraLayout.Kohya);
            expected = unet.Ask();
        }
        // One block a level: one in and the halving behind it, two out.
        (string, string)[] blocks =
        [
            ("conv_in", "input_blocks_0_0"), ("down_blocks_0_resnets_0", "input_blocks_1_0"), ("down_blocks_0_downsamplers_0_conv", "input_blocks_2_0_op"),
            ("down_blocks_1_resnets_0", "input_blocks_3_0"), ("down_blocks_1_attentions_0", "input_blocks_3_1"), ("mid_block_resnets_0", "middle_block_0"),
            ("mid_block_attentions_0", "middle_block_1"), ("mid_block_resnets_1", "middle_block_2"), ("up_blocks_0_resnets_0", "output_blocks_0_0"),
            ("up_blocks_0_attentions_0", "output_blocks_0_1"), ("up_blocks_0_resnets_1", "output_blocks_1_0"), ("up_blocks_0_attentions_1", "output_blocks_1_1"),
            ("up_blocks_0_upsamplers_0_conv", "output_blocks_1_2_conv"), ("up_blocks_1_resnets_0", "output_blocks_2_0"), ("up_blocks_1_resnets_1", "output_blocks_3_0"),
            ("time_embedding_linear_1", "time_embed_0"), ("time_embedding_linear_2", "time_embed_2"), ("conv_out", "out_2"),
        ];
        (string, string)[] within = [("_conv1.", "_in_layers_2."), ("_conv2.", "_out_layers_3."), ("_time_emb_proj.", "_emb_layers_1."), ("_conv_shortcut.", "_skip_connection.")];
        var tensors = new Dictionary<string, Tensor>();
        using (var file = WeightFile.Open(folder["today.safetensors"]))
            foreach (var entry in file.Entries)
            {
                var (today, old) = blocks.Single(pair => entry.Name.StartsWith($"lora_unet_{pair.Item1}", StringComparison.Ordinal));
                var name = entry.Name.Replace(today, old);
                foreach (var (now, before) in entry.Name.Contains("_resnets_") ? within : []) name = name.Replace(now, before);
                tensors[name] = file.Read(entry.Name);
            }
        SafeTensors.Save(folder["first.safetensors"], tensors);
        using (LoraFile.Attach(unet, folder["first.safetensors"])) Assert.True(expected.allclose(unet.Ask(), rtol: 1e-6, atol: 1e-6));
        foreach (var name in tensors.Keys.Where(name => name.Contains("middle_block_1_proj_in.")).ToList()) tensors[name.Replace("middle_block_1", "mid_block_attentions_0")] = tensors[name];
        SafeTensors.Save(folder["twice.safetensors"], tensors);
        Assert.Contains("1 that are there twice: mid_block_attentions_0_proj_in", Assert.Throws<CourseException>(() => LoraFile.Attach(unet, folder["twice.safetensors"])).Message);
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

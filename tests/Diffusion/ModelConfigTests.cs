using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Weights;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>What a published config.json says is what the course has, or it is refused by name: nothing is read past.</summary>
public sealed class ModelConfigTests : IDisposable
{
    // Stable Diffusion 1.5's, as published.
    private const string UNetFile = """
        {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "act_fn": "silu", "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
         "center_input_sample": false, "cross_attention_dim": 768, "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
         "downsample_padding": 1, "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-05,
         "norm_num_groups": 32, "out_channels": 4, "sample_size": 64, "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}
        """;

    private const string AutoencoderFile = """
        {"_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu", "block_out_channels": [128, 256, 512, 512],
         "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"], "in_channels": 3, "latent_channels": 4, "layers_per_block": 2,
         "norm_num_groups": 32, "out_channels": 3, "sample_size": 512, "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
        """;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void ThePublishedFilesAreStableDiffusions()
    {
        var (unet, autoencoder) = (UNetConfig.FromJson(UNetFile, "a test"), AutoencoderConfig.FromJson(AutoencoderFile, "a test"));
        Assert.Equal(UNetConfig.StableDiffusion.ToJson(), unet.ToJson());
        Assert.Equal(AutoencoderConfig.StableDiffusion.ToJson(), autoencoder.ToJson());
        Assert.Equal(unet.ToJson(), UNetConfig.FromJson(unet.ToJson(), "a test").ToJson());
        Assert.Equal(autoencoder.ToJson(), AutoencoderConfig.FromJson(autoencoder.ToJson(), "a test").ToJson());
        // As newer programs write the same.
        Assert.Equal(unet.ToJson(), UNetConfig.FromJson(With(UNetFile, """
            "attention_head_dim": [8, 8, 8, 8], "num_attention_heads": null, "mid_block_type": "UNetMidBlock2DCrossAttn", "conv_in_kernel": 3, "time_embedding_type": "positional",
            "upcast_attention": false, "dropout": 0.0, "norm_eps": 0.00001, "transformer_layers_per_block": 1, "addition_embed_type_num_heads": 64, "resnet_out_scale_factor": 1.0
            """), "a test").ToJson());
        Assert.Equal(autoencoder.ToJson(), AutoencoderConfig.FromJson(With(AutoencoderFile,
            "\"scaling_factor\": 0.18215, \"shift_factor\": null, \"latents_mean\": null, \"force_upcast\": true, \"use_quant_conv\": true, \"mid_block_add_attention\": true"), "a test").ToJson());
    }

    [Theory]
    [InlineData("\"flip_sin_to_cos\": false", "'flip_sin_to_cos' false; the course has only true")]
    [InlineData("\"freq_shift\": 1", "'freq_shift' 1; the course has only 0")]
    [InlineData("\"norm_eps\": 1e-6", "'norm_eps' 1e-6; the course has only 1e-5")]
    [InlineData("\"act_fn\": \"gelu\"", "'act_fn' \"gelu\"; the course has only silu")]
    [InlineData("\"mid_block_type\": \"UNetMidBlock2DSimpleCrossAttn\"", "'mid_block_type'")]
    [InlineData("\"attention_head_dim\": [5, 10, 20, 20]",
        "'attention_head_dim' [5, 10, 20, 20]; the course has one for all")]
    [InlineData("\"num_attention_heads\": 8", "'num_attention_heads' 8; the course has nothing of the kind")]
    [InlineData("\"time_cond_proj_dim\": 256", "'time_cond_proj_dim' 256")]
    [InlineData("\"layers_per_block\": [1, 2, 2, 2]", "'layers_per_block' [1, 2, 2, 2]")]
    [InlineData("\"up_block_types\": [\"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"]", "do not mirror")]
    [InlineData("\"_class_name\": \"UNet2DModel\"", "'_class_name' \"UNet2DModel\"")]
    [InlineData("\"sampel_size\": 64", "has 'sampel_size', which the course does not know of a U-Net")]
    [InlineData("\"block_out_channels\": [0, 640, 1280, 1280]", "Channels is 0: it must be from 1")]
    [InlineData("\"block_out_channels\": [320, 640, 1280, 2147483647]", "Channels is 2147483647")]
    [InlineData("\"block_out_channels\": [-320, 640, 1280, 1280]", "Channels is -320")]
    [InlineData("\"cross_attention_dim\": 0", "ContextWidth is 0")]
    [InlineData("\"attention_head_dim\": 0", "Heads is 0")]
    [InlineData("\"norm_num_groups\": 0", "NormGroups is 0")]
    [InlineData("\"in_channels\": 0, \"out_channels\": 0", "LatentChannels is 0")]
    [InlineData("\"sample_size\": 0", "LatentSide is 0")]
    public void AUNetThatIsNotTheCoursesIsRefusedByName(string option, string message) =>
        Assert.Contains(message, Assert.Throws<CourseException>(() => UNetConfig.FromJson(With(UNetFile, option), "a test")).Message);

    [Theory]
    [InlineData("\"shift_factor\": 0.1159", "'shift_factor' 0.1159; the course has only 0")]
    [InlineData("\"latents_mean\": [0.1, 0.2, 0.3, 0.4]",
        "'latents_mean' [0.1, 0.2, 0.3, 0.4]; the course has nothing of the kind")]
    [InlineData("\"use_quant_conv\": false", "'use_quant_conv' false; the course has only true")]
    [InlineData("\"use_post_quant_conv\": false", "'use_post_quant_conv' false")]
    [InlineData("\"mid_block_add_attention\": false", "'mid_block_add_attention' false")]
    [InlineData("\"act_fn\": \"relu\"", "'act_fn' \"relu\"")]
    [InlineData("\"in_channels\": 1", "'in_channels' 1; the course has only 3")]
    [InlineData("\"down_block_types\": [\"AttnDownEncoderBlock2D\"]", "other 'down_block_types'")]
    [InlineData("\"_class_name\": \"AutoencoderTiny\"", "'_class_name' \"AutoencoderTiny\"")]
    [InlineData("\"scale_factor\": 2", "has 'scale_factor', which the course does not know of an autoencoder")]
    [InlineData("\"scaling_factor\": 0", "ScalingFactor is 0")]
    [InlineData("\"scaling_factor\": \"0.18\"", "needs a number for 'scaling_factor'")]
    [InlineData("\"latent_channels\": 0", "LatentChannels is 0")]
    [InlineData("\"layers_per_block\": 0", "ResnetsPerLevel is 0")]
    [InlineData("\"block_out_channels\": [128, 256, 512, 100000000]", "Channels is 100000000")]
    public void AnAutoencoderThatIsNotTheCoursesIsRefusedByName(string option, string message) =>
        Assert.Contains(message, Assert.Throws<CourseException>(() => AutoencoderConfig.FromJson(With(AutoencoderFile, option), "a test")).Message);

    [Fact]
    public void AChannelCountOfZeroIsOneClearLine() => Assert.Equal("The configuration in a test is wrong. Channels is 0: it must be from 1 to 65536.", Assert.Throws<CourseException>(() => AutoencoderConfig.FromJson(
        """{"_class_name": "AutoencoderKL", "block_out_channels": [0, 64], "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 32, "scaling_factor": 0.18215}""", "a test")).Message);

    [Theory]
    [InlineData("text_encoder/config.json", "\"hidden_act\": \"gelu\"",
        "'hidden_act' \"gelu\"; the course has only quick_gelu")]
    [InlineData("text_encoder/config.json", "\"model_type\": \"t5\"", "'model_type' \"t5\"")]
    [InlineData("text_encoder/config.json", "\"architectures\": [\"CLIPTextModelWithProjection\"]",
        "is of a CLIPTextModelWithProjection; the course reads a CLIPTextModel")]
    [InlineData("text_encoder/config.json", "\"new_option\": 1",
        "has 'new_option', which the course does not know of a text encoder")]
    [InlineData("model_index.json", "\"vae\": [\"diffusers\", \"AutoencoderTiny\"]",
        "'vae' [diffusers, AutoencoderTiny]; the course opens AutoencoderKL")]
    [InlineData("model_index.json", "\"tokenizer\": [\"transformers\", \"T5Tokenizer\"]", "'tokenizer' [transformers, T5Tokenizer]")]
    [InlineData("model_index.json", "\"tokenizer\": [\"transformers\", \"BertTokenizer\"]",
        "has a 'BertTokenizer' beside a CLIPTextModel")]
    [InlineData("model_index.json", "\"text_encoder_2\": [\"transformers\", \"CLIPTextModel\"]",
        "has 'text_encoder_2'")]
    [InlineData("scheduler/scheduler_config.json", "\"new_option\": 1",
        "has 'new_option', which the course does not know of a PNDMScheduler")]
    public void AFolderWithAnotherPartIsRefusedByName(string file, string option, string message)
    {
        using (var model = Small()) StableDiffusion.Save(model, folder.Path, ScalarType.Float32);
        File.WriteAllText(folder[file], With(File.ReadAllText(folder[file]), option));
        Assert.Contains(message, Assert.Throws<CourseException>(() => StableDiffusion.Open(folder.Path, CPU)).Message);
    }

    [Fact]
    public void WhatPublishedFoldersSayBesidesIsNoReasonToRefuseThem()
    {
        using (var model = Small()) StableDiffusion.Save(model, folder.Path, ScalarType.Float32);
        Change("model_index.json", "\"safety_checker\": [null, null], \"feature_extractor\": [\"transformers\", \"CLIPImageProcessor\"], \"requires_safety_checker\": true, \"_diffusers_version\": \"0.30.0\"");
        Change("text_encoder/config.json", "\"projection_dim\": 768, \"attention_dropout\": 0.0, \"initializer_range\": 0.02, \"bos_token_id\": 0, \"pad_token_id\": 1, \"torch_dtype\": \"float32\"");
        // Latents are not cut, whatever an early file asks for.
        Change("scheduler/scheduler_config.json", "\"_class_name\": \"DDIMScheduler\", \"clip_sample\": true");
        Change("model_index.json", "\"scheduler\": [\"diffusers\", \"DDIMScheduler\"]");
        using var opened = StableDiffusion.Open(folder.Path, CPU);
        Assert.Null(opened.Config.Sampling.ClipSampleRange);

        void Change(string file, string option) => File.WriteAllText(folder[file], With(File.ReadAllText(folder[file]), option));
    }

    // Each of many files, damaged in one to four places, is read or refused in a line.
    [Fact]
    public void ADamagedFileIsReadOrRefused()
    {
        var random = new Random(5);
        string[] pieces = ["null", "-1", "0", "1e999", "NaN", "-Infinity", "2147483648", "\"", "[", "]", "{", "}", ",", "true", "\\u0000", "é", "[[1]]", "0.5"];
        (string Text, Action<string> Read)[] files =
        [
            (UNetFile, text => UNetConfig.FromJson(text, "a test")), (AutoencoderFile, text => AutoencoderConfig.FromJson(text, "a test")),
            .. Schedulers.GetProperty("cases").EnumerateArray().Select(row => (row.GetProperty("config").GetString()!, (Action<string>)(text => DiffusionConfig.FromJson(text, "a test")))),
        ];
        for (var round = 0; round < 100_000; round++)
        {
            var (text, read) = files[round % files.Length];
            for (var i = random.Next(1, 5); i > 0; i--)
            {
                var (at, length) = (random.Next(text.Length), random.Next(6));
                text = text[..at] + (random.Next(3) == 0 ? "" : pieces[random.Next(pieces.Length)]) + text[Math.Min(text.Length, at + length)..];
                if (text.Length == 0) text = " ";
            }
            try
            {
                read(text);
            }
            catch (CourseException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    public void Dispose() => folder.Dispose();

    // The last of two entries with one name counts.
    private static string With(string json, string option) => json.TrimEnd()[..^1] + ", " + option + "}";
}

using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>The configuration of a U-Net.</summary>
/// <param name="Channels">
/// Channels at each resolution, from the latents inward; each but the last halves height and width.
/// </param>
/// <param name="CrossAttention">
/// For each resolution, whether its blocks have attention: to themselves and to the text.
/// </param>
/// <param name="ContextWidth">Numbers in a token's vector.</param>
/// <param name="ResnetsPerLevel">Residual blocks at each resolution on the way in; one more on the way out.</param>
/// <param name="Heads">Attention heads, the same everywhere.</param>
/// <param name="NormGroups">Groups of the norms.</param>
/// <param name="LatentChannels">Channels of the latents, in and out.</param>
/// <param name="LatentSide">Height and width of the latents that it was trained for.</param>
public sealed record UNetConfig(
    IReadOnlyList<int> Channels, IReadOnlyList<bool> CrossAttention, int ContextWidth, int ResnetsPerLevel = 2,
    int Heads = 8, int NormGroups = 32, int LatentChannels = 4, int LatentSide = 64)
{
    /// <summary>The U-Net of Stable Diffusion 1.5: 859,520,964 parameters.</summary>
    public static UNetConfig StableDiffusion { get; } =
        new([320, 640, 1280, 1280], [true, true, true, false], ContextWidth: 768);

    /// <summary>The course's own, for latents of 16×16.</summary>
    /// <param name="contextWidth">Numbers in a vector of its text encoder: 128 for MiniBERT.</param>
    public static UNetConfig Petals(int contextWidth) =>
        new([64, 128, 128], [false, true, true], contextWidth, ResnetsPerLevel: 1, Heads: 4, NormGroups: 8,
            LatentSide: 16);

    /// <summary>Width of the time's vector.</summary>
    public int TimeWidth => 4 * Channels[0];

    /// <summary>As a config.json that diffusers reads, too.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["_class_name"] = "UNet2DConditionModel", ["block_out_channels"] = Channels,
        ["layers_per_block"] = ResnetsPerLevel,
        ["down_block_types"] = CrossAttention.Select(attends => attends ? CrossDown : PlainDown),
        ["up_block_types"] = CrossAttention.Reverse().Select(attends => attends ? CrossUp : PlainUp),
        ["cross_attention_dim"] = ContextWidth, ["attention_head_dim"] = Heads, ["norm_num_groups"] = NormGroups,
        ["in_channels"] = LatentChannels, ["out_channels"] = LatentChannels, ["sample_size"] = LatentSide,
    });

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">The file it stands in, for the error.</param>
    /// <exception cref="CourseException">
    /// It is no U-Net's configuration, or one of blocks that the course has not.
    /// </exception>
    public static UNetConfig FromJson(string json, string source)
    {
        var config = ModelConfig.Parse(json, source);
        config.Only("UNet2DConditionModel", "_class_name");
        var blocks = config.Words("down_block_types");
        if (blocks.Except([CrossDown, PlainDown]).FirstOrDefault() is { } other)
            throw new CourseException($"The configuration in {source} asks for '{other}'; the course's U-Net has "
                + $"{CrossDown} and {PlainDown}.");
        string[] mirrored = [.. blocks.Reverse().Select(block => block == CrossDown ? CrossUp : PlainUp)];
        if (!config.Words("up_block_types", mirrored).SequenceEqual(mirrored))
            throw config.Error($"has 'up_block_types' that do not mirror 'down_block_types'; the course's U-Net has "
                + $"{string.Join(", ", mirrored)} there.");
        // What newer models have and version 1 has not: read past, they would give pictures of noise.
        if (config.Truth("use_linear_projection", false) || config.Has("addition_embed_type"))
            throw config.Error("is of Stable Diffusion 2 or XL; the course's U-Net is version 1's.");
        var (entering, leaving) = (config.Integer("in_channels", 4), config.Integer("out_channels", 4));
        if (entering != leaving)
            throw config.Error($"has {entering} channels in and {leaving} out, as a U-Net made for inpainting: use the "
                + "plain one, the course inpaints with it.");
        var read = config.Checked(new UNetConfig(
            config.Integers("block_out_channels"), [.. blocks.Select(block => block == CrossDown)],
            config.Same("cross_attention_dim", 1280), config.Same("layers_per_block", 2),
            config.Same("attention_head_dim", 8), // diffusers' name for the number of heads
            config.Integer("norm_num_groups", 32), entering, config.Same("sample_size", 64)).Checked);
        Refuse(config);
        config.End("a U-Net");
        return read;
    }

    // What the course's U-Net has not is refused by name; what changes nothing is listed with its reason.
    private static void Refuse(ModelConfig config)
    {
        config.Only("true", "flip_sin_to_cos"); // cosines first
        config.Only("0", "freq_shift");
        config.Only("1e-5", "norm_eps");
        config.Only("silu", "act_fn");
        config.Only("UNetMidBlock2DCrossAttn", "mid_block_type");
        config.Only("default", "attention_type", "resnet_time_scale_shift");
        config.Only("positional", "time_embedding_type");
        config.Only("1", "downsample_padding", "mid_block_scale_factor", "transformer_layers_per_block",
            "resnet_out_scale_factor");
        config.Only("3", "conv_in_kernel", "conv_out_kernel");
        config.Only("false", "center_input_sample", "only_cross_attention", "mid_block_only_cross_attention",
            "dual_cross_attention", "upcast_attention", "resnet_skip_time_act", "class_embeddings_concat");
        config.Only("null", "num_attention_heads", "reverse_transformer_layers_per_block", "encoder_hid_dim",
            "encoder_hid_dim_type", "class_embed_type", "num_class_embeds", "addition_time_embed_dim",
            "projection_class_embeddings_input_dim", "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act",
            "time_cond_proj_dim", "cross_attention_norm");
        config.Ignore("_diffusers_version", "_name_or_path"); // where the file comes from
        config.Ignore("dropout"); // of its training
        config.Ignore("addition_embed_type_num_heads"); // of an addition_embed_type, which is refused
        // An average of weights is saved with how it was averaged.
        config.Ignore("decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step",
            "use_ema_warmup");
    }

    internal UNetConfig Checked()
    {
        if (Channels.Count == 0 || Channels.Count != CrossAttention.Count)
            throw new CourseException($"Channels has {Channels.Count} resolutions and CrossAttention "
                + $"{CrossAttention.Count}: "
                + "give both one entry for each resolution.");
        ModelConfig.Within(
            (nameof(ContextWidth), ContextWidth), (nameof(ResnetsPerLevel), ResnetsPerLevel), (nameof(Heads), Heads),
            (nameof(NormGroups), NormGroups), (nameof(LatentChannels), LatentChannels),
            (nameof(LatentSide), LatentSide));
        foreach (var count in Channels)
        {
            ModelConfig.Within((nameof(Channels), count));
            if (count % NormGroups != 0 || count % Heads != 0)
                throw new CourseException($"Channels has {count}, NormGroups is {NormGroups} and Heads is {Heads}: "
                    + "every number of channels must be a multiple of both.");
        }
        return this;
    }

    private const string CrossDown = "CrossAttnDownBlock2D", PlainDown = "DownBlock2D";
    private const string CrossUp = "CrossAttnUpBlock2D", PlainUp = "UpBlock2D";
}

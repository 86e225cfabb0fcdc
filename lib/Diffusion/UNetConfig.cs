using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>The measures of a U-Net.</summary>
/// <param name="Channels">Channels at each resolution, from the latents inward; each but the last halves height and width.</param>
/// <param name="LooksAtText">For each resolution, whether its blocks have attention: to themselves and to the text.</param>
/// <param name="ContextWidth">Numbers in a token's vector.</param>
/// <param name="ResnetsPerLevel">Residual blocks at each resolution on the way in; one more on the way out.</param>
/// <param name="Heads">Attention heads, the same everywhere.</param>
/// <param name="NormGroups">Groups of the norms.</param>
/// <param name="LatentChannels">Channels of the latents, in and out.</param>
/// <param name="LatentSide">Height and width of the latents that it was trained for.</param>
public sealed record UNetConfig(
    IReadOnlyList<int> Channels, IReadOnlyList<bool> LooksAtText, int ContextWidth, int ResnetsPerLevel = 2, int Heads = 8,
    int NormGroups = 32, int LatentChannels = 4, int LatentSide = 64)
{
    /// <summary>The U-Net of Stable Diffusion 1.5: 859,520,964 parameters.</summary>
    public static UNetConfig StableDiffusion { get; } = new([320, 640, 1280, 1280], [true, true, true, false], ContextWidth: 768);

    /// <summary>The course's own, for latents of 16×16.</summary>
    /// <param name="contextWidth">Numbers in a vector of its text encoder: 128 for MiniBERT.</param>
    public static UNetConfig Petals(int contextWidth) =>
        new([64, 128, 128], [false, true, true], contextWidth, ResnetsPerLevel: 1, Heads: 4, NormGroups: 8, LatentSide: 16);

    /// <summary>Width of the time's vector.</summary>
    public int TimeWidth => 4 * Channels[0];

    /// <summary>As a config.json that diffusers reads, too.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["_class_name"] = "UNet2DConditionModel", ["block_out_channels"] = Channels, ["layers_per_block"] = ResnetsPerLevel,
        ["down_block_types"] = LooksAtText.Select(looks => looks ? CrossDown : PlainDown),
        ["up_block_types"] = LooksAtText.Reverse().Select(looks => looks ? "CrossAttnUpBlock2D" : "UpBlock2D"),
        ["cross_attention_dim"] = ContextWidth, ["attention_head_dim"] = Heads, ["norm_num_groups"] = NormGroups,
        ["in_channels"] = LatentChannels, ["out_channels"] = LatentChannels, ["sample_size"] = LatentSide,
    });

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">The file it stands in, for the error.</param>
    /// <exception cref="CourseException">It is no U-Net's configuration, or one of blocks that the course has not.</exception>
    public static UNetConfig FromJson(string json, string source)
    {
        var config = ModelConfig.Parse(json, source);
        var blocks = config.Words("down_block_types");
        if (blocks.Except([CrossDown, PlainDown]).FirstOrDefault() is { } other)
            throw new CourseException($"The configuration in {source} asks for '{other}'; the course's U-Net has {CrossDown} and {PlainDown}.");
        // What newer models have and version 1 has not: read past, they would give pictures of noise.
        if (config.Truth("use_linear_projection", false) || config.Has("addition_embed_type"))
            throw new CourseException($"The configuration in {source} is of Stable Diffusion 2 or XL; the course's U-Net is version 1's.");
        if (config.Integer("in_channels", 4) is var entering && config.Integer("out_channels", 4) is var leaving && entering != leaving)
            throw new CourseException($"The configuration in {source} has {entering} channels in and {leaving} out, as a U-Net made for inpainting: use the plain one, the course inpaints with it.");
        return new UNetConfig(config.Integers("block_out_channels"), [.. blocks.Select(block => block == CrossDown)],
            config.Integer("cross_attention_dim", 1280), config.Integer("layers_per_block", 2), config.Integer("attention_head_dim", 8),
            config.Integer("norm_num_groups", 32), config.Integer("in_channels", 4), config.Integer("sample_size", 64)).Checked();
    }

    internal UNetConfig Checked()
    {
        if (Channels.Count == 0 || Channels.Count != LooksAtText.Count)
            throw new CourseException($"Channels has {Channels.Count} resolutions and LooksAtText {LooksAtText.Count}: give both one entry for each resolution.");
        foreach (var (name, value) in new[] { (nameof(ContextWidth), ContextWidth), (nameof(ResnetsPerLevel), ResnetsPerLevel), (nameof(Heads), Heads),
                     (nameof(NormGroups), NormGroups), (nameof(LatentChannels), LatentChannels), (nameof(LatentSide), LatentSide) })
            if (value < 1) throw new CourseException($"{name} is {value}: it must be at least 1.");
        foreach (var count in Channels)
            if (count < 1 || count % NormGroups != 0 || count % Heads != 0)
                throw new CourseException($"Channels has {count}, NormGroups is {NormGroups} and Heads is {Heads}: every number of channels must be a multiple of both.");
        return this;
    }

    private const string CrossDown = "CrossAttnDownBlock2D", PlainDown = "DownBlock2D";
}

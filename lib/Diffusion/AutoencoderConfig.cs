using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>The configuration of an autoencoder.</summary>
/// <param name="Channels">
/// Channels at each resolution, from the picture inward; each but the last halves height and width.
/// </param>
/// <param name="ResnetsPerLevel">Residual blocks at each resolution of the encoder; the decoder has one more.</param>
/// <param name="LatentChannels">Channels of the latents.</param>
/// <param name="NormGroups">Groups of the norms; it divides all of <paramref name="Channels"/>.</param>
/// <param name="ScalingFactor">Latents times this have a standard deviation of about 1.</param>
public sealed record AutoencoderConfig(
    IReadOnlyList<int> Channels, int ResnetsPerLevel = 2, int LatentChannels = 4, int NormGroups = 32,
    double ScalingFactor = 1)
{
    /// <summary>The autoencoder of Stable Diffusion 1: 8 pixels to a latent, 83,653,863 parameters.</summary>
    public static AutoencoderConfig StableDiffusion { get; } = new([128, 256, 512, 512], ScalingFactor: 0.18215);

    /// <summary>The course's own, for pictures of 64×64: 4 pixels to a latent.</summary>
    /// <remarks>
    /// Two groups only: a group of two channels would lose how strong a color is, for each group is normalized by
    /// itself.
    /// </remarks>
    public static AutoencoderConfig Petals { get; } = new([16, 32, 64], ResnetsPerLevel: 1, NormGroups: 2);

    /// <summary>How many pixels, across and down, one latent stands for.</summary>
    public int Factor => 1 << (Channels.Count - 1);

    /// <summary>As a config.json that diffusers reads, too.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["_class_name"] = "AutoencoderKL", ["block_out_channels"] = Channels, ["layers_per_block"] = ResnetsPerLevel,
        ["latent_channels"] = LatentChannels, ["norm_num_groups"] = NormGroups, ["scaling_factor"] = ScalingFactor,
    });

    /// <summary>Reads what <see cref="ToJson"/> wrote, or a published config.json.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">The file it stands in, for the error.</param>
    /// <exception cref="CourseException">It is no autoencoder's configuration.</exception>
    public static AutoencoderConfig FromJson(string json, string source)
    {
        var config = ModelConfig.Parse(json, source);
        config.Only("AutoencoderKL", "_class_name");
        var channels = config.Integers("block_out_channels");
        (string, string)[] sides = [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")];
        foreach (var (name, block) in sides)
        {
            string[] blocks = [.. channels.Select(_ => block)];
            if (!config.Words(name, blocks).SequenceEqual(blocks)) throw config.Error(
                $"has other '{name}' than the course's autoencoder: {channels.Length} times {block}.");
        }
        var read = config.Checked(new AutoencoderConfig(
            channels, config.Integer("layers_per_block", 1), config.Integer("latent_channels", 4),
            config.Integer("norm_num_groups", 32), config.Number("scaling_factor", 0.18215)).Checked);
        config.Only("3", "in_channels", "out_channels");
        config.Only("silu", "act_fn");
        config.Only("0", "shift_factor");
        config.Only("null", "latents_mean", "latents_std");
        config.Only("true", "use_quant_conv", "use_post_quant_conv", "mid_block_add_attention");
        config.Ignore("_diffusers_version", "_name_or_path"); // where the file comes from
        config.Ignore("sample_size"); // what it was trained with: convolutions take every size
        config.Ignore("force_upcast"); // Stable Diffusion XL's overflows in half precision; diffusers writes it for all
        config.End("an autoencoder");
        return read;
    }

    internal AutoencoderConfig Checked()
    {
        if (Channels.Count == 0)
            throw new CourseException("Channels is empty: an autoencoder needs at least one resolution.");
        ModelConfig.Within(
            (nameof(ResnetsPerLevel), ResnetsPerLevel), (nameof(LatentChannels), LatentChannels),
            (nameof(NormGroups), NormGroups));
        foreach (var count in Channels)
        {
            ModelConfig.Within((nameof(Channels), count));
            if (count % NormGroups != 0)
                throw new CourseException($"Channels has {count} and NormGroups is {NormGroups}: every number of "
                    + "channels must be a multiple of the groups.");
        }
        if (ScalingFactor is not (> 0 and < double.PositiveInfinity))
            throw new CourseException($"ScalingFactor is {ScalingFactor}: it must be above 0.");
        return this;
    }
}

using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>The measures of an autoencoder.</summary>
/// <param name="Channels">Channels at each resolution, from the picture inward; each but the last halves height and width.</param>
/// <param name="ResnetsPerLevel">Residual blocks at each resolution of the encoder; the decoder has one more.</param>
/// <param name="LatentChannels">Channels of the latents.</param>
/// <param name="NormGroups">Groups of the norms; it divides all of <paramref name="Channels"/>.</param>
/// <param name="ScalingFactor">Latents times this have a deviation of about 1.</param>
public sealed record AutoencoderConfig(
    IReadOnlyList<int> Channels, int ResnetsPerLevel = 2, int LatentChannels = 4, int NormGroups = 32, double ScalingFactor = 1)
{
    /// <summary>The autoencoder of Stable Diffusion 1: 8 pixels to a latent, 83,653,863 parameters.</summary>
    public static AutoencoderConfig StableDiffusion { get; } = new([128, 256, 512, 512], ScalingFactor: 0.18215);

    /// <summary>The course's own, for pictures of 64×64: 4 pixels to a latent.</summary>
    /// <remarks>Two groups only: a group of two channels would lose how strong a color is, for each group is normalized by itself.</remarks>
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
        return new AutoencoderConfig(config.Integers("block_out_channels"), config.Integer("layers_per_block", 2), config.Integer("latent_channels", 4),
            config.Integer("norm_num_groups", 32), config.Number("scaling_factor", 0.18215)).Checked();
    }

    internal AutoencoderConfig Checked()
    {
        if (Channels.Count == 0) throw new CourseException("Channels is empty: an autoencoder needs at least one resolution.");
        if (ResnetsPerLevel < 1) throw new CourseException($"ResnetsPerLevel is {ResnetsPerLevel}: it must be at least 1.");
        if (LatentChannels < 1) throw new CourseException($"LatentChannels is {LatentChannels}: it must be at least 1.");
        if (NormGroups < 1) throw new CourseException($"NormGroups is {NormGroups}: it must be at least 1.");
        if (Channels.FirstOrDefault(count => count < 1 || count % NormGroups != 0, 0) is var wrong and not 0)
            throw new CourseException($"Channels has {wrong} and NormGroups is {NormGroups}: every number of channels must be a multiple of the groups.");
        if (ScalingFactor is not (> 0 and < double.PositiveInfinity)) throw new CourseException($"ScalingFactor is {ScalingFactor}: it must be above 0.");
        return this;
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using ImageGen.Weights;
using Group = System.Text.RegularExpressions.Group;

namespace ImageGen.Diffusion;

/// <summary>
/// The names in a checkpoint that is one file, as Stable Diffusion 1 first came (Rombach and others, arXiv 2112.10752),
/// against those in the published folders. There the U-Net's blocks are counted through, in and out, and the decoder's
/// from the picture inward; what is in them is the same.
/// </summary>
/// <param name="unetLayers">Residual blocks at each resolution of the U-Net on its way in.</param>
/// <param name="autoencoderLevels">Resolutions of the autoencoder.</param>
/// <param name="averages">
/// The averaged weights of the U-Net by their names, in place of the trained ones; null for those.
/// </param>
internal sealed partial class SingleFileNames(
    int unetLayers, int autoencoderLevels, IReadOnlyDictionary<string, WeightEntry>? averages = null)
{
    internal const string UNetStart = "model.diffusion_model.";

    private const string AutoencoderStart = "first_stage_model.", TextStart = "cond_stage_model.transformer.",
        TextModel = "text_model.", AverageStart = "model_ema.";

    private static readonly (string Old, string Now)[] Outer =
    [
        ("time_embed.0.", "time_embedding.linear_1."), ("time_embed.2.", "time_embedding.linear_2."), (
            "input_blocks.0.0.", "conv_in."),
        ("out.0.", "conv_norm_out."), ("out.2.", "conv_out."), ("middle_block.0.", "mid_block.resnets.0."), (
            "middle_block.1.", "mid_block.attentions.0."),
        ("middle_block.2.", "mid_block.resnets.1."),
    ];

    private static readonly (string Old, string Now)[] Resnet =
    [
        ("in_layers.0.", "norm1."), ("in_layers.2.", "conv1."), ("emb_layers.1.", "time_emb_proj."), (
            "out_layers.0.", "norm2."), ("out_layers.3.", "conv2."),
        ("skip_connection.", "conv_shortcut."),
    ];

    private static readonly (string Old, string Now)[] Autoencoder =
    [
        (".norm_out.", ".conv_norm_out."), (".nin_shortcut.", ".conv_shortcut."), (
            ".mid.block_1.", ".mid_block.resnets.0."), (".mid.block_2.", ".mid_block.resnets.1."),
        (".mid.attn_1.norm.", ".mid_block.attentions.0.group_norm."), (
            ".mid.attn_1.q.", ".mid_block.attentions.0.to_q."), (".mid.attn_1.k.", ".mid_block.attentions.0.to_k."),
        (".mid.attn_1.v.", ".mid_block.attentions.0.to_v."), (
            ".mid.attn_1.proj_out.", ".mid_block.attentions.0.to_out.0."),
        (".mid.attn_1.", ".mid_block.attentions.0."), // some programs write today's names here, or those between
    ];

    /// <summary>
    /// The averaged weights of the U-Net, by the names that the trained ones have: theirs are the same without dots.
    /// </summary>
    /// <exception cref="Runtime.CourseException">The file has none.</exception>
    internal static IReadOnlyDictionary<string, WeightEntry> Averages(WeightFile file)
    {
        var found = file.Entries.Where(entry => entry.Name.StartsWith(UNetStart, StringComparison.Ordinal))
            .Select(
                entry => (
                    entry.Name,
                    Average: AverageStart + entry.Name["model.".Length..].Replace(".", "", StringComparison.Ordinal)))
            .Where(pair => file.Contains(pair.Average)).ToDictionary(pair => pair.Name, pair => file[pair.Average]);
        return found.Count > 0 ? found : throw NamePrefixes.Missing(file.Path);
    }

    /// <summary>What in the file is of one part, a folder's name, under the names it has there.</summary>
    internal WeightEntry? Of(WeightEntry entry, string part)
    {
        if (part == StableDiffusionParts.TextFolder)
            return Cut(entry.Name, TextStart) is { } text
                ? entry.As(text.StartsWith(TextModel, StringComparison.Ordinal) ? text : TextModel + text, entry.Shape)
                : null;
        if (part == StableDiffusionParts.UNetFolder)
            return Cut(entry.Name, UNetStart) is { } name
                ? (averages is null ? entry : averages.GetValueOrDefault(entry.Name))?.As(UNet(name), entry.Shape)
                : null;
        if (Cut(entry.Name, AutoencoderStart) is not { } old) return null;
        // Its attention was made of convolutions of 1 × 1, and is of dense layers now.
        return entry.As(
            OfAutoencoder(old),
            old.Contains(".attn_1.", StringComparison.Ordinal) && entry.Shape is [var rows, var columns, 1, 1]
                ? [rows, columns]
                : entry.Shape);
    }

    /// <summary>
    /// The path of a U-Net's layer, its dots written as underscores as kohya's programs do, from the first code's
    /// blocks to today's; null where it is of none of those blocks.
    /// </summary>
    internal string? Flat(string path)
    {
        if (FlatBlock().Match(path) is not { Success: true } match) return null;
        var (block, number) = (match.Groups[1].Value, match.Groups[2].Value.Replace('_', '.'));
        var dotted = $"{block}{number}.{FlatResnet().Replace(match.Groups[3].Value, "$1.$2")}.";
        return UNet(dotted.Replace("..", ".", StringComparison.Ordinal)).TrimEnd('.').Replace('.', '_');
    }

    private string UNet(string name)
    {
        foreach (var (old, now) in Outer)
            if (name.StartsWith(old, StringComparison.Ordinal)) return now + Within(name[old.Length..]);
        if (UNetBlock().Match(name) is not { Success: true } match) return name;
        var (down, index, place, rest) = (
            match.Groups[1].Value == "in", Number(match.Groups[2]), Number(match.Groups[3]), match.Groups[4].Value);
        // The way in: its blocks and the halving after them, behind the first convolution. The way out has one block
        // more.
        var (block, layer) = down ? Math.DivRem(index - 1, unetLayers + 1) : Math.DivRem(index, unetLayers + 1);
        var level = $"{(down ? "down" : "up")}_blocks.{block}";
        if (down && Cut(rest, "op.") is { } halving) return $"{level}.downsamplers.0.conv.{halving}";
        if (!down && place > 0 && Cut(rest, "conv.") is { } doubling) return $"{level}.upsamplers.0.conv.{doubling}";
        return $"{level}.{(place == 0 ? "resnets" : "attentions")}.{layer}.{Within(rest)}";
    }

    private string OfAutoencoder(string name)
    {
        foreach (var (old, now) in Autoencoder) name = name.Replace(old, now, StringComparison.Ordinal);
        return AutoencoderBlock().Replace(name, match =>
        {
            var (down, index, rest) = (match.Groups[1].Value == "down", Number(match.Groups[2]), match.Groups[3].Value);
            var level = down ? $"down_blocks.{index}" : $"up_blocks.{autoencoderLevels - 1 - index}";
            return $"{level}.{(rest == "block" ? "resnets" : rest + "rs.0")}.";
        });
    }

    private static string Within(string name)
    {
        foreach (var (old, now) in Resnet)
            if (name.StartsWith(old, StringComparison.Ordinal)) return now + name[old.Length..];
        return name;
    }

    private static string? Cut(string name, string start) =>
        name.StartsWith(start, StringComparison.Ordinal) ? name[start.Length..] : null;

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(in|out)put_blocks\.([0-9]{1,4})\.([0-9])\.(.+)$")]
    private static partial Regex UNetBlock();

    [GeneratedRegex(@"^(input_blocks|output_blocks|middle_block|time_embed|out)"
        + @"((?<=blocks)_[0-9]{1,4}_[0-9]|(?<!blocks)_[0-9])(?:_(.+))?$")]
    private static partial Regex FlatBlock();

    [GeneratedRegex(@"^(in_layers|emb_layers|out_layers)_([0-9])$")]
    private static partial Regex FlatResnet();

    [GeneratedRegex(@"(?<=^(?:en|de)coder\.)(down|up)\.([0-9]{1,4})\.(block|downsample|upsample)\.")]
    private static partial Regex AutoencoderBlock();
}

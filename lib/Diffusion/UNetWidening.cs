using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Makes a trained U-Net wider, so that it says what it said and can learn more: Net2WiderNet (Chen and others, arXiv
/// 1511.05641). Where a level doubles, each of its channels becomes two beside each other, and what reads a channel
/// shares its weight out between the two, unevenly, so that twins grow apart.
/// </summary>
/// <remarks>
/// Twins leave the mean and the variance of every group of a norm as they were. Only a norm over channels of two levels
/// of which one alone doubles gets other groups; then the wide network begins a little, or much, worse than the narrow
/// one was.
/// </remarks>
public static class UNetWidening
{
    // A run of channels in a tensor, and whether each of them becomes two.
    private readonly record struct Run(int Count, bool Doubles);

    /// <summary>A wider copy of a U-Net.</summary>
    /// <param name="narrow">Trained; it stays as it is.</param>
    /// <param name="channels">Channels at each resolution: as many as it has, or twice as many.</param>
    /// <param name="seed">Where the chance of the uneven shares begins.</param>
    /// <returns>The wider one, on the same device; it belongs to the caller.</returns>
    /// <exception cref="CourseException">A level is neither kept nor doubled.</exception>
    public static UNet Widened(UNet narrow, IReadOnlyList<int> channels, int seed = Seeds.Default)
    {
        var old = narrow.Config.Channels;
        if (channels.Count != old.Count
            || channels.Where((count, level) => count != old[level] && count != 2 * old[level]).Any())
            throw new CourseException($"A U-Net of [{string.Join(", ", old)}] channels is to have "
                + $"[{string.Join(", ", channels)}]: each level can be kept or doubled.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        var wide = new UNet(narrow.Config with { Channels = channels }, narrow.Device);
        Run[] levels = [.. old.Select((count, level) => new Run(count, channels[level] != count))];
        var from = narrow.state_dict();
        foreach (var (name, to) in wide.state_dict())
        {
            var (reads, writes) = Sides(name, levels, narrow.Config);
            var value = from[name].cpu().index_select(0, Places(writes));
            if (value.dim() > 1) value = Shared(value, reads, generator);
            if (name == "time_embedding.linear_1.weight" && levels[0].Doubles) value = Spread(value);
            // Attention divides by the square root of a head's width, and that has doubled.
            if (name.EndsWith("to_q.weight", StringComparison.Ordinal) && writes[0].Doubles)
                value = value / Math.Sqrt(2);
            to.copy_(value);
        }
        return wide;
    }

    // Which levels' channels a layer reads, and which it writes.
    private static (Run[] Reads, Run[] Writes) Sides(string name, Run[] levels, UNetConfig config)
    {
        var parts = name.Split('.');
        var level = parts[0] switch
        {
            "down_blocks" => int.Parse(parts[1]),
            "up_blocks" => levels.Length - 1 - int.Parse(parts[1]),
            "mid_block" => levels.Length - 1,
            _ => 0,
        };
        var (own, above) = (levels[level], levels[Math.Max(0, level - 1)]);
        var time = levels[0] with { Count = config.TimeWidth };
        if (name.StartsWith("time_embedding.linear_1", StringComparison.Ordinal))
            return ([levels[0] with { Doubles = false }], [time]);
        if (name.StartsWith("time_embedding", StringComparison.Ordinal)) return ([time], [time]);
        if (parts[0] == "conv_in") return ([new(config.LatentChannels, false)], [own]);
        if (parts[0] == "conv_out") return ([own], [new(config.LatentChannels, false)]);
        // values, then gates
        if (name.Contains("ff.net.0", StringComparison.Ordinal))
            return ([own], [own with { Count = 4 * own.Count }, own with { Count = 4 * own.Count }]);
        if (name.Contains("ff.net.2", StringComparison.Ordinal)) return ([own with { Count = 4 * own.Count }], [own]);
        if (name.Contains("attn2.to_k", StringComparison.Ordinal)
            || name.Contains("attn2.to_v", StringComparison.Ordinal))
            return ([new(config.ContextWidth, false)], [own]);
        if (name.Contains("time_emb_proj", StringComparison.Ordinal)) return ([time], [own]);
        if (parts[0] == "mid_block" || parts[^2] is not ("norm1" or "conv1" or "conv_shortcut")
            || parts[2] != "resnets")
            return ([own], [own]);

        // What comes into a level's residual blocks: on the way out it is what comes from below, and beside it what the
        // way in kept.
        var block = int.Parse(parts[3]);
        var first = block == 0;
        Run[] enters = parts[0] == "down_blocks"
            ? [first ? above : own]
            : [first ? levels[Math.Min(levels.Length - 1, level + 1)] : own,
                block == config.ResnetsPerLevel ? above : own];
        return parts[^2] == "norm1" ? (enters, enters) : (enters, [own]);
    }

    // For each channel of the wide tensor, the narrow one's that it comes from.
    private static Tensor Places(Run[] runs)
    {
        var places = new List<long>();
        var at = 0;
        foreach (var run in runs)
        {
            for (var i = 0; i < run.Count; i++) places.AddRange(Enumerable.Repeat((long)(at + i), run.Doubles ? 2 : 1));
            at += run.Count;
        }
        return tensor(places.ToArray());
    }

    // Twins among what is read share a weight: 0.3 to 0.7 of it goes to the first, the rest to the second.
    private static Tensor Shared(Tensor weight, Run[] reads, Generator generator)
    {
        var places = Places(reads);
        var isFirst = places.roll(-1, 0).eq(places);
        var isSecond = places.roll(1, 0).eq(places);
        long[] one = [.. Enumerable.Repeat(1L, (int)weight.dim() - 2)];
        var split = (0.3 + 0.4 * rand([weight.shape[0], weight.shape[1]], generator: generator))
            .index_select(1, places);
        var share = where(isFirst, split, where(isSecond, 1 - split, ones_like(split)));
        return weight.index_select(1, places) * share.view([.. share.shape, .. one]);
    }

    // Twice as many frequencies: every second one was there before, cosines in the first half, sines in the second.
    private static Tensor Spread(Tensor weight)
    {
        var wide = zeros([weight.shape[0], 2 * weight.shape[1]]);
        wide[.., TensorIndex.Slice(0, null, 2)] = weight;
        return wide;
    }
}

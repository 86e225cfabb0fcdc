using ImageGen.Diffusion;

namespace ImageGen.Bench;

/// <summary>How many multiplications a forward pass of a U-Net is, counted from its weights' shapes and the places each is used at, attention's products among them.</summary>
internal static class UNetWork
{
    /// <param name="unet">On any device, <c>meta</c> too.</param>
    /// <param name="batch">Pictures.</param>
    /// <param name="latentSide">Height and width of the latents.</param>
    /// <param name="tokens">Words each picture looks at.</param>
    internal static double Multiplications(UNet unet, int batch, int latentSide, int tokens)
    {
        var levels = unet.Config.Channels.Count;
        double sum = 0;
        foreach (var (name, weight) in unet.named_parameters())
        {
            if (weight.dim() < 2) continue;
            var parts = name.Split('.');
            var level = parts[0] switch
            {
                "down_blocks" => int.Parse(parts[1]),
                "up_blocks" => levels - 1 - int.Parse(parts[1]),
                "mid_block" => levels - 1,
                _ => 0,
            };
            if (name.Contains("downsamplers", StringComparison.Ordinal)) level++;
            if (name.Contains("upsamplers", StringComparison.Ordinal)) level--;
            var side = (double)latentSide / (1 << level);
            var places = name.Contains("time_emb", StringComparison.Ordinal) ? 1
                : name.Contains("attn2.to_k", StringComparison.Ordinal) || name.Contains("attn2.to_v", StringComparison.Ordinal) ? tokens
                : side * side;
            sum += weight.numel() * places;
            // Queries with keys, and their shares with the values: two products of places × seen × width.
            var seen = name.EndsWith("attn1.to_q.weight", StringComparison.Ordinal) ? side * side : name.EndsWith("attn2.to_q.weight", StringComparison.Ordinal) ? tokens : 0;
            sum += 2 * side * side * seen * weight.shape[0];
        }
        return sum * batch;
    }
}

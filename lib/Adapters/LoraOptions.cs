using ImageGen.Runtime;

namespace ImageGen.Adapters;

/// <summary>What is adapted, and how much there is to learn.</summary>
public sealed record LoraOptions
{
    /// <summary>The projections of attention, in a U-Net: what Stable Diffusion's LoRAs adapt.</summary>
    public static IReadOnlyList<string> Attention { get; } = ["to_q", "to_k", "to_v", "to_out.0"];

    /// <summary>Attention with what surrounds it: the dense layers and the 1×1 convolutions at the entrance and the exit.</summary>
    public static IReadOnlyList<string> Transformer { get; } = [.. Attention, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"];

    /// <summary>Those and the convolutions of the residual blocks and between the resolutions: what is called LoCon.</summary>
    public static IReadOnlyList<string> Everything { get; } = [.. Transformer, "conv1", "conv2", "conv_shortcut", "conv"];

    /// <summary>BERT's usual targets.</summary>
    public static IReadOnlyList<string> Bert { get; } = ["query", "value"];

    /// <summary>
    /// Which layers: a name is a layer's when it is the layer's whole path or the end of it after a dot, and <c>*</c> stands for
    /// anything. <c>attn2.to_k</c> is every attention's look at the text; <c>up_blocks.*</c> is the whole way out.
    /// </summary>
    public IReadOnlyList<string> Targets { get; init; } = Attention;

    /// <summary>r: the width of the narrow place between A and B.</summary>
    public int Rank { get; init; } = 4;

    /// <summary>α: the addition is scaled by α/r; as large as the rank when null, which scales by 1.</summary>
    public double? Alpha { get; init; }

    /// <summary>Share of an adapted layer's input that A does not see, in training only.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the scale is α/√r, which does not let high ranks learn more slowly (Kalajdzievski, arXiv 2312.03732).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Whether the lengths of the weight's rows are learned of themselves (DoRA, Liu and others, arXiv 2402.09353): nearer to learning the whole weight, slower.</summary>
    public bool Dora { get; init; }

    /// <summary>The seed of its random numbers: A starts random, B at zero.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>What the addition is multiplied by: α/r, or α/√r when stabilized.</summary>
    public double Scale => (Alpha ?? Rank) / (RankStabilized ? Math.Sqrt(Rank) : Rank);

    internal void Check()
    {
        if (Targets.Count == 0) throw new CourseException("Targets is empty: name at least one layer, for example to_q.");
        if (Rank < 1) throw new CourseException($"Rank is {Rank}: it must be at least 1.");
        if (Alpha is { } alpha && !(alpha > 0 && double.IsFinite(alpha))) throw new CourseException($"Alpha is {alpha}: it must be above 0; as large as Rank is usual.");
        if (Dropout is not (>= 0 and < 1)) throw new CourseException($"Dropout is {Dropout}: it must be at least 0 and below 1.");
    }
}

using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// The whole distribution of the channels' values, seen along directions drawn by chance: along each, the positions'
/// values are sorted, and the sorted values compared. With enough directions only equal distributions agree in all
/// (Heitz and others, "A sliced Wasserstein loss for neural texture synthesis", CVPR 2021, arXiv 2006.07229).
/// The distance is the mean squared difference over the mean square of the style's own sorted values.
/// </summary>
/// <remarks>
/// Every picture and every step meets the same directions, so that an optimizer with a memory sees one loss. It sorts
/// all positions at once and cannot be taken piece by piece.
/// </remarks>
public sealed class SlicedWassersteinStatistic : StyleStatistic
{
    private readonly int? directions, seed;

    /// <param name="directions">How many; as many as the feature map has channels when not given.</param>
    /// <param name="seed">Draws the directions; the course's seed when not given.</param>
    /// <exception cref="CourseException">Less than one direction.</exception>
    public SlicedWassersteinStatistic(int? directions = null, int? seed = null)
    {
        if (directions < 1) throw new CourseException($"Sliced Wasserstein was asked for {directions} directions; it takes 1 or more.");
        (this.directions, this.seed) = (directions, seed);
    }

    public override string Name => "sliced Wasserstein";

    public override StyleTarget Measure(Tensor features)
    {
        using var scope = NewDisposeScope();
        var channels = features.size(1);
        using var generator = new Generator((ulong)(seed ?? Seeds.Default));
        var drawn = randn([directions ?? channels, channels], generator: generator);
        return Measure(features, drawn / drawn.norm(1, keepdim: true, p: 2));
    }

    /// <param name="features">A feature map <c>[1, C, H, W]</c>.</param>
    /// <param name="directions">Unit vectors <c>[directions, C]</c>.</param>
    internal static StyleTarget Measure(Tensor features, Tensor directions) => new Target(features, directions.to(features.device));

    private sealed class Target : StyleTarget
    {
        private readonly Tensor directions, sorted, size;
        // The optimized picture keeps its size for many steps: the style's values at that many places are kept for it.
        private (long Positions, Tensor Values)? resampled;

        public Target(Tensor features, Tensor directions)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            this.directions = directions.DetachFromDisposeScope();
            sorted = Sorted(features).DetachFromDisposeScope();
            size = sorted.square().mean().clamp_min(1e-12).DetachFromDisposeScope();
        }

        public override Tensor Distance(Tensor features)
        {
            using var scope = NewDisposeScope();
            var values = Sorted(features);
            return ((values - Resampled(values.size(1))).square().mean() / size).MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            directions.Dispose();
            sorted.Dispose();
            size.Dispose();
            resampled?.Values.Dispose();
        }

        // [directions, positions], ascending along each direction.
        private Tensor Sorted(Tensor features) => directions.matmul(features.squeeze(0).flatten(1)).sort(1).Values;

        // Two pictures seldom have one size: the sorted values are a curve, read off at as many places as there are wanted.
        private Tensor Resampled(long positions)
        {
            if (positions == sorted.size(1)) return sorted;
            if (resampled is { } kept && kept.Positions == positions) return kept.Values;
            resampled?.Values.Dispose();
            using var noGrad = no_grad();
            var values = nn.functional.interpolate(sorted.unsqueeze(0), [positions], mode: InterpolationMode.Linear, align_corners: false)
                .squeeze(0).DetachFromDisposeScope();
            resampled = (positions, values);
            return values;
        }
    }
}

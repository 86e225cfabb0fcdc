using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Several statistics at once: the weighted sum of their distances. What makes it least lies between their targets: for Gram
/// matrices at their weighted mean, for Wasserstein-2 distances at their barycenter.
/// </summary>
public sealed class MixedStatistic : StyleStatistic
{
    private readonly IReadOnlyList<(StyleStatistic Statistic, double Weight)> parts;

    /// <param name="parts">Statistics and their weights, each between 0 and 1.</param>
    /// <exception cref="CourseException">There is no part, or a weight is out of range.</exception>
    public MixedStatistic(params IReadOnlyList<(StyleStatistic Statistic, double Weight)> parts)
    {
        if (parts.Count == 0) throw new CourseException("A mixture of statistics needs at least one of them.");
        foreach (var (_, weight) in parts) StyleTransferOptions.Within(weight, 0, 1, "Weight");
        this.parts = [.. parts.Where(part => part.Weight > 0)];
        if (this.parts.Count == 0) throw new CourseException("Every weight of the mixture of statistics is 0; one must be more.");
    }

    public override string Name => string.Join(" + ", parts.Select(part => $"{part.Weight:0%} {part.Statistic.Name}"));

    public override bool SeesPlaces => parts.Any(part => part.Statistic.SeesPlaces);

    public override StyleStatistic At(string layer) =>
        new MixedStatistic([.. parts.Select(part => (part.Statistic.At(layer), part.Weight))]);

    public override StyleTarget Measure(Tensor features) =>
        new Target([.. parts.Select(part => (part.Statistic.Measure(features), part.Weight))]);

    public override Tensor Recolor(Tensor style)
    {
        using var scope = NewDisposeScope();
        var mixed = parts.Select(part => part.Statistic.Recolor(style) * (part.Weight / parts.Sum(other => other.Weight)));
        return mixed.Aggregate((a, b) => a + b).MoveToOuterDisposeScope();
    }

    internal override PieceMeasure? InPieces()
    {
        var measures = parts.Select(part => (Measure: part.Statistic.InPieces(), part.Weight)).ToList();
        if (measures.All(part => part.Measure is not null)) return new Pieces([.. measures.Select(part => (part.Measure!, part.Weight))]);
        foreach (var (measure, _) in measures) measure?.Dispose();
        return null;
    }

    private sealed class Pieces(IReadOnlyList<(PieceMeasure Measure, double Weight)> parts) : PieceMeasure
    {
        public override void Add(Tensor piece)
        {
            foreach (var (measure, _) in parts) measure.Add(piece);
        }

        public override MomentTarget Finish() => new TargetOfMoments([.. parts.Select(part => (part.Measure.Finish(), part.Weight))]);

        public override void Dispose()
        {
            foreach (var (measure, _) in parts) measure.Dispose();
        }
    }

    private sealed class TargetOfMoments(IReadOnlyList<(MomentTarget Target, double Weight)> parts) : MomentTarget
    {
        internal override Tensor Distance(Moments moments)
        {
            using var scope = NewDisposeScope();
            return stack(parts.Select(part => part.Target.Distance(moments) * part.Weight)).sum().MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            foreach (var (target, _) in parts) target.Dispose();
        }
    }

    private sealed class Target(IReadOnlyList<(StyleTarget Target, double Weight)> parts) : StyleTarget
    {
        public override Tensor Distance(Tensor features)
        {
            using var scope = NewDisposeScope();
            return stack(parts.Select(part => part.Target.Distance(features) * part.Weight)).sum().MoveToOuterDisposeScope();
        }

        public override void Dispose()
        {
            foreach (var (target, _) in parts) target.Dispose();
        }
    }
}

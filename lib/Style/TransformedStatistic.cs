using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// A statistic of the style's feature maps after a change: the made picture is measured as ever, only what it is asked to
/// reach is another. With the Gram matrix and a channel map P the target is <c>P·G·Pᵀ</c>. A change of places alone, such as
/// a rotation of the map, changes nothing here.
/// </summary>
/// <param name="name">A short name for captions.</param>
/// <param name="transform">What is done to each of the style's maps.</param>
/// <param name="measured">How maps are measured and compared; <see cref="StyleStatistic.Wasserstein"/> when not given.</param>
/// <param name="recolor">What the change does to colors, <c>[1, 3, H, W]</c> to the same; nothing when not given.</param>
public sealed class TransformedStatistic(
    string name, FeatureTransform transform, StyleStatistic? measured = null, Func<Tensor, Tensor>? recolor = null) : StyleStatistic
{
    private string layer = "";

    public override string Name => name;

    private StyleStatistic Measured => measured ?? Wasserstein;

    public override bool SeesPlaces => Measured.SeesPlaces;

    public override StyleStatistic At(string layer) =>
        new TransformedStatistic(name, transform, Measured.At(layer), recolor) { layer = layer };

    public override StyleTarget Measure(Tensor features)
    {
        using var scope = NewDisposeScope();
        return Measured.Measure(transform.Apply(name, features, layer));
    }

    internal override PieceMeasure? InPieces() => Measured.InPieces() is { } inner ? new Pieces(this, transform, inner) : null;

    /// <summary>The changed map, in the caller's dispose scope.</summary>
    internal Tensor Apply(Tensor features, string layer) => transform.Apply(name, features, layer);

    /// <summary>Both changes, this one first; measured as the other measures.</summary>
    public TransformedStatistic Then(TransformedStatistic next) => next.After(name, transform, recolor);

    private TransformedStatistic After(string first, FeatureTransform change, Func<Tensor, Tensor>? colors) => new(
        $"{first}, {name}", (features, layer) => transform(change(features, layer), layer), measured,
        style => Recolor(colors is null ? style : colors(style)));

    public override Tensor Recolor(Tensor style) => recolor is null ? style : recolor(style);

    // A map between channels is the same on every piece. What looks at other places is not, and is found out before it is used.
    private sealed class Pieces(TransformedStatistic statistic, FeatureTransform transform, PieceMeasure inner) : PieceMeasure
    {
        private bool tried;

        public override void Add(Tensor piece)
        {
            using var scope = NewDisposeScope();
            if (!tried && !transform.KeepsToItsPlace(statistic.Name, piece.size(1), statistic.layer))
                throw StyleLoss.NeedsTheWhole(statistic);
            tried = true;
            inner.Add(transform.Apply(statistic.Name, piece, statistic.layer));
        }

        public override MomentTarget Finish() => inner.Finish();

        public override void Dispose() => inner.Dispose();
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// What a feature map <c>[1, C, H, W]</c> comes to when its places are forgotten: each channel's mean over the positions,
/// and each pair of channels' mean product. Both are means over positions, so a large map's are those of its pieces,
/// weighted by their sizes.
/// </summary>
/// <param name="Mean"><c>[C]</c></param>
/// <param name="Products"><c>F·Fᵀ/M</c>, <c>[C, C]</c>, symmetric.</param>
internal sealed record Moments(Tensor Mean, Tensor Products)
{
    /// <summary>Measures a feature map; gradients flow back to it.</summary>
    public static Moments Of(Tensor features)
    {
        using var scope = NewDisposeScope();
        var rows = features.squeeze(0).flatten(1);
        var products = rows.matmul(rows.detach().t()) / rows.size(1);
        // F·Fᵀ has the same gradient through either factor. Following one of them and doubling saves a third of the work.
        if (rows.requires_grad) products = 2 * products - products.detach();
        return new(rows.mean([1]).MoveToOuterDisposeScope(), products.MoveToOuterDisposeScope());
    }
}

/// <summary>The moments of a map that is seen piece by piece, added up in double precision.</summary>
internal sealed class MomentSum : IDisposable
{
    private Tensor? mean, products;

    /// <summary>Positions seen so far.</summary>
    public long Positions { get; private set; }

    /// <summary>Takes a piece in, <c>[1, C, h, w]</c>; one without positions adds nothing.</summary>
    public void Add(Tensor piece)
    {
        var here = piece.size(2) * piece.size(3);
        if (here == 0) return;
        using var scope = NewDisposeScope();
        var moments = Moments.Of(piece);
        Into(ref mean, moments.Mean.to(ScalarType.Float64) * here);
        Into(ref products, moments.Products.to(ScalarType.Float64) * here);
        Positions += here;
    }

    /// <summary>The whole map's moments, in double precision and the caller's dispose scope; what is added next begins anew.</summary>
    public Moments Take()
    {
        var moments = new Moments(mean! / Positions, products! / Positions);
        Dispose();
        return moments;
    }

    public void Dispose()
    {
        mean?.Dispose();
        products?.Dispose();
        (mean, products, Positions) = (null, null, 0);
    }

    private static void Into(ref Tensor? sum, Tensor piece)
    {
        if (sum is null) sum = piece.DetachFromDisposeScope();
        else sum.add_(piece);
    }
}

/// <summary>A statistic that needs nothing of a feature map but its <see cref="Moments"/>; so it can be taken piece by piece.</summary>
public abstract class MomentStatistic : StyleStatistic
{
    public sealed override StyleTarget Measure(Tensor features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Measure(Moments.Of(features));
    }

    /// <summary>Keeps what it needs of the style's moments, outside of every dispose scope.</summary>
    internal abstract MomentTarget Measure(Moments moments);

    internal override PieceMeasure InPieces() => new Pieces(this);

    private sealed class Pieces(MomentStatistic statistic) : PieceMeasure
    {
        private readonly MomentSum sum = new();

        public override void Add(Tensor piece) => sum.Add(piece);

        public override MomentTarget Finish()
        {
            using var scope = NewDisposeScope();
            return statistic.Measure(sum.Take());
        }

        public override void Dispose() => sum.Dispose();
    }
}

/// <summary>One layer of a style picture that is measured piece by piece.</summary>
internal abstract class PieceMeasure : IDisposable
{
    /// <summary>Takes in one piece of the style's feature map, <c>[1, C, h, w]</c>.</summary>
    public abstract void Add(Tensor piece);

    /// <summary>After the last piece: what a made picture's moments are to be compared with.</summary>
    public abstract MomentTarget Finish();

    public abstract void Dispose();
}

/// <summary>One layer of one style picture, measured by its moments.</summary>
internal abstract class MomentTarget : StyleTarget
{
    public sealed override Tensor Distance(Tensor features)
    {
        using var scope = NewDisposeScope();
        return Distance(Moments.Of(features)).to(features.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The distance, a scalar; gradients flow back to the moments.</summary>
    internal abstract Tensor Distance(Moments moments);
}

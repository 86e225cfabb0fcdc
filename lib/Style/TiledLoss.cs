using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// A loss that can be taken piece by piece. Style is what sums over places come to, so the gradient at one place depends
/// on the others through those sums alone: one pass over the pieces finds the sums, a second one the gradients.
/// </summary>
internal interface ITiledTerm
{
    /// <summary>Forgets the last picture's pieces.</summary>
    void Begin();

    /// <summary>First pass, without gradients: takes one piece's features in.</summary>
    void Look(int tile, FeatureMaps features);

    /// <summary>After the first pass: the loss before its weight, a scalar without a gradient.</summary>
    Tensor Settle();

    /// <summary>Second pass: the loss's gradient with respect to one layer of one piece; null where the layer plays no part.</summary>
    Tensor? GradientAt(int tile, string layer, Tensor map);
}

/// <summary>The same loss and the same gradient as <see cref="TotalLoss"/>'s, with one piece's features in memory at a time.</summary>
/// <param name="network">The network to look through.</param>
/// <param name="tiling">The pieces of the picture that is optimized.</param>
/// <param name="terms">The parts, made for the same pieces; this object disposes them.</param>
internal sealed class TiledLoss(FeatureNetwork network, Tiling tiling, params IReadOnlyList<LossTerm> terms) : TotalLoss(network, terms)
{
    private static readonly FeatureMaps Nothing = new();

    public override Tensor Of(Tensor picture)
    {
        using var scope = NewDisposeScope();
        var pixels = picture.detach();
        LookAtAll(pixels);
        var gradient = zeros_like(pixels);
        var parts = new List<Tensor>();
        using (no_grad())
            foreach (var term in Terms)
                // What looks at pixels alone takes little memory, and autograd does it.
                parts.Add((term is ITiledTerm tiled ? tiled.Settle() : term.Of(pixels, Nothing)) * term.Weight);
        for (var i = 0; i < tiling.Tiles.Count; i++) AddGradient(i, pixels, gradient);

        // A scalar with the value of the parts and the gradient found: backward passes on what was computed here.
        var values = stack(parts);
        var total = values.sum();
        var tracked = (picture * gradient).sum();
        total = total + (tracked - tracked.detach());
        foreach (var term in Terms.Where(term => term is not ITiledTerm))
        {
            var loss = term.Of(picture, Nothing) * term.Weight;
            total = total + (loss - loss.detach());
        }
        return cat([total.view(1), values]).MoveToOuterDisposeScope();
    }

    private void LookAtAll(Tensor pixels)
    {
        using var noGrad = no_grad();
        var tiled = Terms.OfType<ITiledTerm>().ToList();
        foreach (var term in tiled) term.Begin();
        for (var i = 0; i < tiling.Tiles.Count; i++)
        {
            using var scope = NewDisposeScope();
            var maps = tiling.Extract(tiling.Tiles[i].Cut(pixels), tiling.Tiles[i], Layers);
            foreach (var term in tiled) term.Look(i, maps);
        }
    }

    private void AddGradient(int index, Tensor pixels, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var tile = tiling.Tiles[index];
        var cut = tile.Cut(pixels).clone().requires_grad_();
        List<Tensor> maps = [], slopes = [];
        using (enable_grad())
            foreach (var (layer, map) in tiling.Extract(cut, tile, Layers))
            {
                using var noGrad = no_grad();
                var slope = Terms.Where(term => term is ITiledTerm && term.Weight != 0)
                    .Select(term => (((ITiledTerm)term).GradientAt(index, layer, map.detach()), term.Weight))
                    .Where(part => part.Item1 is not null).Select(part => part.Item1! * part.Weight)
                    .Aggregate((Tensor?)null, (sum, part) => sum is null ? part : sum.add_(part));
                if (slope is null) continue;
                maps.Add(map);
                slopes.Add(slope);
            }
        if (maps.Count == 0) return;
        using var unrecorded = no_grad();
        tile.Cut(gradient).add_(autograd.grad(maps, [cut], slopes)[0]);
    }
}

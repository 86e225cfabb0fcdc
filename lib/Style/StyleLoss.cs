using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>How far a picture's statistics are from the style picture's, averaged over the layers; places do not matter.</summary>
public sealed class StyleLoss : LossTerm, ITiledTerm
{
    private readonly Dictionary<string, StyleTarget> targets = [];
    private readonly Dictionary<string, MomentSum> sums = [];
    private readonly Dictionary<string, (Tensor Mean, Tensor Products)> slopes = [];

    /// <summary>Measures the style picture, once.</summary>
    /// <param name="network">The network to look through.</param>
    /// <param name="style">The style picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>, of any size.</param>
    /// <param name="statistic">What counts as style; <see cref="StyleStatistic.Gram"/> when not given.</param>
    /// <param name="layers">The layers to compare; the network's own choice when not given.</param>
    /// <param name="weight">How much it counts in the total.</param>
    public StyleLoss(
        FeatureNetwork network, Tensor style, StyleStatistic? statistic = null, IReadOnlyList<string>? layers = null, double weight = 1)
        : base("style", weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Layers = layers ?? network.StyleLayers;
        using var features = network.Extract(style, Layers);
        try
        {
            foreach (var (layer, map) in features) targets[layer] = (statistic ?? StyleStatistic.Gram).At(layer).Measure(map);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Measures the style picture piece by piece, to be compared with a picture in pieces.</summary>
    /// <param name="network">The network to look through.</param>
    /// <param name="style">The style picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>.</param>
    /// <param name="tiling">Its pieces.</param>
    /// <param name="statistic">What counts as style.</param>
    /// <param name="layers">The layers to compare; the network's own choice when not given.</param>
    /// <param name="weight">How much it counts in the total.</param>
    /// <exception cref="CourseException">The statistic cannot be taken piece by piece.</exception>
    internal StyleLoss(
        FeatureNetwork network, Tensor style, Tiling tiling, StyleStatistic statistic, IReadOnlyList<string>? layers, double weight)
        : base("style", weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Layers = layers ?? network.StyleLayers;
        var measures = new Dictionary<string, PieceMeasure>();
        try
        {
            foreach (var layer in Layers) measures[layer] = statistic.At(layer).InPieces() ?? throw NeedsTheWhole(statistic);
            foreach (var tile in tiling.Tiles)
            {
                using var pass = NewDisposeScope();
                foreach (var (layer, map) in tiling.Extract(tile.Cut(style), tile, Layers)) measures[layer].Add(map);
            }
            foreach (var layer in Layers) (targets[layer], sums[layer]) = (measures[layer].Finish(), new());
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            foreach (var measure in measures.Values) measure.Dispose();
        }
    }

    /// <summary>What is said where a picture must be taken in pieces and a statistic cannot be.</summary>
    internal static CourseException NeedsTheWhole(StyleStatistic statistic) => new(
        $"The statistic '{statistic.Name}' needs a whole feature map at once, and one of this size does not fit: raise MemoryBudget, lower Size, or take Gram, centered Gram, Wasserstein-2, or a map between their channels.");

    public override IReadOnlyList<string> Layers { get; }

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        return stack(Layers.Select(layer => targets[layer].Distance(features[layer]))).mean().MoveToOuterDisposeScope();
    }

    void ITiledTerm.Begin() => Forget();

    void ITiledTerm.Look(int tile, FeatureMaps features)
    {
        foreach (var layer in Layers) sums[layer].Add(features[layer]);
    }

    Tensor ITiledTerm.Settle()
    {
        using var scope = NewDisposeScope();
        using var tracked = enable_grad();
        var distances = new List<Tensor>();
        foreach (var layer in Layers)
        {
            var positions = sums[layer].Positions;
            var (mean, products) = sums[layer].Take();
            mean.requires_grad_();
            products.requires_grad_();
            var distance = ((MomentTarget)targets[layer]).Distance(new(mean, products)) / Layers.Count;
            distances.Add(distance.detach());
            var slope = autograd.grad([distance], [mean, products], allow_unused: true);
            // d/dF of ⟨S, F·Fᵀ⟩/M is (S + Sᵀ)·F/M, and of ⟨s, mean⟩ it is s/M.
            var ofProducts = (slope[1] + slope[1].t()) / positions;
            var ofMean = (slope[0] is { IsInvalid: false } given ? given : zeros_like(mean)) / positions;
            slopes[layer] = (ofMean.to(ScalarType.Float32).DetachFromDisposeScope(), ofProducts.to(ScalarType.Float32).DetachFromDisposeScope());
        }
        return stack(distances).sum().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    Tensor? ITiledTerm.GradientAt(int tile, string layer, Tensor map)
    {
        if (!slopes.TryGetValue(layer, out var slope)) return null;
        using var scope = NewDisposeScope();
        return slope.Products.matmul(map.squeeze(0).flatten(1)).add_(slope.Mean.unsqueeze(1)).view(map.shape).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        Forget();
        foreach (var target in targets.Values) target.Dispose();
        base.Dispose();
    }

    private void Forget()
    {
        foreach (var sum in sums.Values) sum.Dispose();
        foreach (var (mean, products) in slopes.Values)
        {
            mean.Dispose();
            products.Dispose();
        }
        slopes.Clear();
    }
}

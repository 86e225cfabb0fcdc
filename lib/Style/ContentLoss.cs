using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// How far a picture's feature maps are from the content picture's, place by place: the mean of
/// <c>(F − P)²</c> over the variance of <c>P</c>, averaged over the layers. It is 0 for the content picture itself and
/// about 1 for a picture that shows nothing of it, with any network.
/// </summary>
public sealed class ContentLoss : LossTerm, ITiledTerm
{
    private readonly FeatureMaps targets = new();
    private readonly Dictionary<string, Tensor> variances = [];
    private readonly List<FeatureMaps> pieces = [];
    private readonly Dictionary<string, long> counts = [];
    private Tensor? sum;

    /// <summary>Measures the content picture, once.</summary>
    /// <param name="network">The network to look through.</param>
    /// <param name="content">The content picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>, in the size that is optimized.</param>
    /// <param name="layers">The layers to compare; the network's own choice when not given.</param>
    /// <param name="weight">How much it counts in the total.</param>
    public ContentLoss(FeatureNetwork network, Tensor content, IReadOnlyList<string>? layers = null, double weight = 1)
        : base("content", weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Layers = layers ?? network.ContentLayers;
        foreach (var (layer, target) in network.Extract(content, Layers))
        {
            targets.Add(layer, target.DetachFromDisposeScope());
            // Not var(unbiased: false): TorchSharp 0.107 divides by n − 1 all the same.
            variances[layer] = (target - target.mean()).square().mean().clamp_min(1e-8).DetachFromDisposeScope();
        }
    }

    /// <summary>Measures the content picture piece by piece, to be compared with a picture in the same pieces.</summary>
    /// <param name="network">The network to look through.</param>
    /// <param name="content">The content picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>, in the size that is optimized.</param>
    /// <param name="tiling">Its pieces.</param>
    /// <param name="layers">The layers to compare; the network's own choice when not given.</param>
    /// <param name="weight">How much it counts in the total.</param>
    internal ContentLoss(FeatureNetwork network, Tensor content, Tiling tiling, IReadOnlyList<string>? layers, double weight)
        : base("content", weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Layers = layers ?? network.ContentLayers;
        var moments = Layers.ToDictionary(layer => layer, _ => (Sum: 0.0, Squares: 0.0));
        foreach (var tile in tiling.Tiles)
        {
            using var pass = NewDisposeScope();
            var piece = new FeatureMaps();
            foreach (var (layer, map) in tiling.Extract(tile.Cut(content), tile, Layers))
            {
                var kept = map.clone().DetachFromDisposeScope();
                piece.Add(layer, kept);
                counts[layer] = counts.GetValueOrDefault(layer) + kept.numel();
                var exact = kept.to(ScalarType.Float64);
                var (soFar, squares) = moments[layer];
                moments[layer] = (soFar + exact.sum().ToDouble(), squares + exact.square().sum().ToDouble());
            }
            pieces.Add(piece);
        }
        foreach (var (layer, (total, squares)) in moments)
        {
            var mean = total / counts[layer];
            variances[layer] = tensor((float)Math.Max(1e-8, squares / counts[layer] - mean * mean), device: network.Device).DetachFromDisposeScope();
        }
    }

    public override IReadOnlyList<string> Layers { get; }

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        var losses = Layers.Select(layer => (features[layer] - targets[layer]).square().mean() / variances[layer]);
        return stack(losses).mean().MoveToOuterDisposeScope();
    }

    void ITiledTerm.Begin()
    {
        sum?.Dispose();
        sum = null;
    }

    void ITiledTerm.Look(int tile, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        var here = stack(Layers.Select(layer =>
            (features[layer] - pieces[tile][layer]).square().sum(ScalarType.Float64) / (variances[layer] * counts[layer]))).sum() / Layers.Count;
        if (sum is null) sum = here.DetachFromDisposeScope();
        else sum.add_(here);
    }

    Tensor ITiledTerm.Settle() => sum!.to(ScalarType.Float32);

    Tensor? ITiledTerm.GradientAt(int tile, string layer, Tensor map)
    {
        if (!counts.TryGetValue(layer, out var count)) return null;
        using var scope = NewDisposeScope();
        return ((map - pieces[tile][layer]) * (2.0 / count / Layers.Count / variances[layer])).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        targets.Dispose();
        sum?.Dispose();
        foreach (var piece in pieces) piece.Dispose();
        foreach (var variance in variances.Values) variance.Dispose();
        base.Dispose();
    }
}

using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// How far a picture's feature maps are from the content picture's, place by place: the mean of
/// <c>(F − P)²</c> over the variance of <c>P</c>, averaged over the layers. It is 0 for the content picture itself and
/// about 1 for a picture that shows nothing of it, with any network.
/// </summary>
public sealed class ContentLoss : LossTerm
{
    private readonly FeatureMaps targets;
    private readonly Dictionary<string, Tensor> variances = [];

    /// <summary>Measures the content picture, once.</summary>
    /// <param name="network">The network to look through.</param>
    /// <param name="content">The content picture, <c>[1, 3, H, W]</c> in <c>[0, 1]</c>, in the size that is optimized.</param>
    /// <param name="layers">The layers to compare; the network's own choice when not given.</param>
    /// <param name="weight">How much it counts in the total.</param>
    public ContentLoss(FeatureNetwork network, Tensor content, IReadOnlyList<string>? layers = null, double weight = 1)
        : base("content", weight)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Layers = layers ?? network.ContentLayers;
        targets = network.Extract(content, Layers);
        foreach (var (layer, target) in targets)
        {
            target.DetachFromDisposeScope();
            // Not var(unbiased: false): TorchSharp 0.107 divides by n − 1 all the same.
            variances[layer] = (target - target.mean()).square().mean().clamp_min(1e-8).DetachFromDisposeScope();
        }
    }

    public override IReadOnlyList<string> Layers { get; }

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        var losses = Layers.Select(layer => (features[layer] - targets[layer]).square().mean() / variances[layer]);
        return stack(losses).mean().MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        targets.Dispose();
        foreach (var variance in variances.Values) variance.Dispose();
        base.Dispose();
    }
}

using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>How far a picture's statistics are from the style picture's, averaged over the layers; places do not matter.</summary>
public sealed class StyleLoss : LossTerm
{
    private readonly Dictionary<string, StyleTarget> targets = [];

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
        using var frozen = no_grad();
        Layers = layers ?? network.StyleLayers;
        using var features = network.Extract(style, Layers);
        foreach (var (layer, map) in features) targets[layer] = (statistic ?? StyleStatistic.Gram).At(layer).Measure(map);
    }

    public override IReadOnlyList<string> Layers { get; }

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        return stack(Layers.Select(layer => targets[layer].Distance(features[layer]))).mean().MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        foreach (var target in targets.Values) target.Dispose();
        base.Dispose();
    }
}

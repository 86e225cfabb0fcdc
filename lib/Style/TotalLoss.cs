using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>The weighted sum of several losses, with one pass through the network for all of them.</summary>
/// <param name="network">The network to look through.</param>
/// <param name="terms">The parts; this object disposes them.</param>
public class TotalLoss(FeatureNetwork network, params IReadOnlyList<LossTerm> terms) : IDisposable
{
    private protected string[] Layers { get; } = [.. terms.SelectMany(term => term.Layers).Distinct()];

    private protected IReadOnlyList<LossTerm> Terms { get; } = terms;

    /// <summary><c>total</c>, then the parts' names.</summary>
    public IReadOnlyList<string> Names { get; } = ["total", .. terms.Select(term => term.Name)];

    /// <summary>Computes the losses of a picture, in the order of <see cref="Names"/>, each part times its weight.</summary>
    /// <param name="picture">A picture <c>[1, 3, H, W]</c> in <c>[0, 1]</c>; gradients flow back to it.</param>
    /// <returns><c>[1 + terms]</c>; the first is the one to make small.</returns>
    public virtual Tensor Of(Tensor picture)
    {
        using var scope = NewDisposeScope();
        var features = network.Extract(picture, Layers);
        var parts = stack(Terms.Select(term => term.Of(picture, features) * term.Weight));
        return cat([parts.sum().view(1), parts.detach()]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var term in Terms) term.Dispose();
        GC.SuppressFinalize(this);
    }
}

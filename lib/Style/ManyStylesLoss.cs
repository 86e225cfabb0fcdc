using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>The weighted sum of several style losses, each over its own region.</summary>
/// <param name="parts">The losses, their weights, and where they hold; everywhere when null. Only the losses are disposed here.</param>
/// <param name="weight">How much the sum counts in the total.</param>
/// <param name="tiling">The pieces of the picture that is optimized; null where it is taken whole.</param>
internal sealed class ManyStylesLoss(
    IReadOnlyList<(StyleLoss Loss, double Weight, Region? Region)> parts, double weight, Tiling? tiling = null) : LossTerm("style", weight), ITiledTerm
{
    public override IReadOnlyList<string> Layers => [.. parts.SelectMany(part => part.Loss.Layers).Distinct()];

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        return stack(parts.Select(part => part.Weight
            * part.Loss.Of(picture, part.Region?.Of(features, part.Loss.Layers) ?? features))).sum().MoveToOuterDisposeScope();
    }

    void ITiledTerm.Begin()
    {
        foreach (ITiledTerm loss in parts.Select(part => part.Loss)) loss.Begin();
    }

    void ITiledTerm.Look(int tile, FeatureMaps features)
    {
        foreach (var (loss, _, region) in parts)
        {
            using var scope = NewDisposeScope();
            ((ITiledTerm)loss).Look(tile, region is null ? features : Inside(region, tile, features, loss.Layers));
        }
    }

    Tensor ITiledTerm.Settle()
    {
        using var scope = NewDisposeScope();
        return stack(parts.Select(part => part.Weight * ((ITiledTerm)part.Loss).Settle())).sum().MoveToOuterDisposeScope();
    }

    Tensor? ITiledTerm.GradientAt(int tile, string layer, Tensor map)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        foreach (var (loss, weight, region) in parts)
        {
            using var pass = NewDisposeScope();
            if (((ITiledTerm)loss).GradientAt(tile, layer, map) is not { } gradient) continue;
            gradient.mul_(weight);
            if (region is not null) gradient.mul_(region.InsideOf(map, tiling!.Tiles[tile], tiling));
            sum = sum?.add_(gradient) ?? gradient.MoveToOuterDisposeScope();
        }
        return sum?.MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        foreach (var part in parts) part.Loss.Dispose();
        base.Dispose();
    }

    // The positions inside, in a row, as where the picture is taken whole; none where the piece lies outside.
    private FeatureMaps Inside(Region region, int tile, FeatureMaps features, IReadOnlyList<string> layers)
    {
        var maps = new FeatureMaps();
        foreach (var layer in layers)
        {
            var map = features[layer];
            var inside = region.InsideOf(map, tiling!.Tiles[tile], tiling).flatten().nonzero().flatten();
            maps.Add(layer, map.flatten(2).index_select(2, inside).unsqueeze(2));
        }
        return maps;
    }
}

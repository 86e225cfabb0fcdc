using ImageGen.Imaging;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>A part of the picture, at any size: the positions under the white of a mask, in a row.</summary>
internal sealed class Region : IDisposable
{
    private readonly Tensor mask;
    private readonly Dictionary<(long, long), Tensor> insides = [], positions = [];

    /// <param name="mask">The mask; 128 and more of 255 is inside.</param>
    /// <param name="device">Where the maps are that it is for.</param>
    public Region(Picture mask, Device device) => this.mask = Mean(mask.ToTensor(), device).DetachFromDisposeScope();

    /// <summary>The columns of a map that lie inside.</summary>
    /// <param name="map"><c>[1, C, H, W]</c> of any height and width.</param>
    /// <returns><c>[1, C, 1, K]</c>, K at least 1: the nearest position, where the region is smaller than one.</returns>
    public Tensor Of(Tensor map)
    {
        using var scope = NewDisposeScope();
        return map.flatten(2).index_select(2, At(map.size(2), map.size(3))).unsqueeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>Several maps, each as <see cref="Of(Tensor)"/> gives it; they belong to the caller's scope.</summary>
    public FeatureMaps Of(FeatureMaps maps, IReadOnlyList<string> layers)
    {
        var inside = new FeatureMaps();
        foreach (var layer in layers) inside.Add(layer, Of(maps[layer]));
        return inside;
    }

    /// <summary>Which positions of a piece's own map lie inside.</summary>
    /// <param name="map">The piece's own map, <c>[1, C, h, w]</c>.</param>
    /// <param name="tile">Where in the picture the piece is.</param>
    /// <param name="tiling">All its pieces.</param>
    /// <returns>Booleans <c>[h, w]</c>, a view.</returns>
    public Tensor InsideOf(Tensor map, Tile tile, Tiling tiling)
    {
        var ((row, height), (column, width)) = (tile.Rows.PlaceOf(map.size(2), tiling.Height), tile.Columns.PlaceOf(map.size(3), tiling.Width));
        return Inside(height, width).narrow(0, row, map.size(2)).narrow(1, column, map.size(3));
    }

    /// <summary>A map with other values inside.</summary>
    /// <param name="map"><c>[1, C, H, W]</c></param>
    /// <param name="values"><c>[1, C, 1, K]</c>, as <see cref="Of(Tensor)"/> gives them.</param>
    public Tensor Put(Tensor map, Tensor values)
    {
        using var scope = NewDisposeScope();
        return map.flatten(2).index_copy(2, At(map.size(2), map.size(3)), values.squeeze(2)).view(map.shape).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        mask.Dispose();
        foreach (var kept in insides.Values.Concat(positions.Values)) kept.Dispose();
    }

    private Tensor At(long height, long width)
    {
        if (positions.TryGetValue((height, width), out var known)) return known;
        using var scope = NewDisposeScope();
        return positions[(height, width)] = Inside(height, width).flatten().nonzero().flatten().DetachFromDisposeScope();
    }

    private Tensor Inside(long height, long width)
    {
        if (insides.TryGetValue((height, width), out var known)) return known;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var share = nn.functional.adaptive_avg_pool2d(mask, [height, width]).view(height, width);
        return insides[(height, width)] = (share >= Math.Min(127.5 / 255, share.max().ToDouble())).DetachFromDisposeScope();
    }

    private static Tensor Mean(Tensor gray, Device device) => gray.to(device).mean([1], keepdim: true);
}

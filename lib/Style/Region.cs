using ImageGen.Imaging;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>A part of the picture, at any size: the positions under the white of a mask, in a row.</summary>
internal sealed class Region : IDisposable
{
    private readonly Tensor mask;
    private readonly Dictionary<(long, long), Tensor> positions = [];

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
        foreach (var index in positions.Values) index.Dispose();
    }

    private Tensor At(long height, long width)
    {
        if (positions.TryGetValue((height, width), out var known)) return known;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var inside = nn.functional.adaptive_avg_pool2d(mask, [height, width]).flatten();
        var found = (inside >= Math.Min(127.5 / 255, inside.max().ToDouble())).nonzero().flatten();
        return positions[(height, width)] = found.DetachFromDisposeScope();
    }

    private static Tensor Mean(Tensor gray, Device device) => gray.to(device).mean([1], keepdim: true);
}

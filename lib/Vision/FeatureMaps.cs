using System.Collections;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>What a network saw in a batch of pictures, layer by layer: name → feature map <c>[B, C, H, W]</c>.</summary>
public sealed class FeatureMaps : IReadOnlyCollection<KeyValuePair<string, Tensor>>, IDisposable
{
    private readonly List<KeyValuePair<string, Tensor>> maps = [];

    /// <summary>The layers' names, in the order in which the network computed them.</summary>
    public IEnumerable<string> Names => maps.Select(map => map.Key);

    /// <summary>How many layers are here.</summary>
    public int Count => maps.Count;

    /// <summary>The feature map of one layer, <c>[B, C, H, W]</c>.</summary>
    /// <exception cref="KeyNotFoundException">The layer was not asked for.</exception>
    public Tensor this[string layer]
    {
        get
        {
            foreach (var map in maps)
                if (map.Key == layer) return map.Value;
            throw new KeyNotFoundException($"The layer '{layer}' was not extracted; these were: {string.Join(", ", Names)}.");
        }
    }

    /// <summary>Adds a layer's map; a network does this as it goes.</summary>
    internal void Add(string layer, Tensor map) => maps.Add(new(layer, map));

    /// <summary>Takes every map out of the innermost dispose scope, to live until the next one out, or until <see cref="Dispose"/>.</summary>
    internal FeatureMaps MoveToOuterScope()
    {
        foreach (var map in maps) map.Value.MoveToOuterDisposeScope();
        return this;
    }

    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => maps.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose()
    {
        foreach (var map in maps) map.Value.Dispose();
    }
}

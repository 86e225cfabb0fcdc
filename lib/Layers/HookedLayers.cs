using System.Runtime.CompilerServices;
using TorchSharp;

namespace ImageGen.Layers;

/// <summary>
/// Layers that something works through, an adapter for example: it hears of a <c>call</c> alone, so that no faster way around
/// the layer may be taken. TorchSharp does not tell whether a module has hooks.
/// </summary>
internal static class HookedLayers
{
    private static readonly ConditionalWeakTable<torch.nn.Module, object> Known = [];

    internal static void Add(torch.nn.Module layer) => Known.AddOrUpdate(layer, Known);

    internal static void Remove(torch.nn.Module layer) => Known.Remove(layer);

    internal static bool Contains(torch.nn.Module layer) => Known.TryGetValue(layer, out _);
}

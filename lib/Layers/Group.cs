using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>A module that computes nothing: it gives its parts a common prefix in the names that weights are saved under.</summary>
internal sealed class Group : nn.Module
{
    internal Group(params ReadOnlySpan<(string Name, nn.Module Part)> parts) : base(nameof(Group))
    {
        foreach (var (name, part) in parts) register_module(name, part);
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// A module that computes nothing: it gives its parts a common prefix in the names that weights are saved under.
/// </summary>
internal sealed class Group : nn.Module
{
    internal Group(params ReadOnlySpan<(string Name, nn.Module Part)> parts) : base(nameof(Group))
    {
        foreach (var (name, part) in parts) register_module(name, part);
    }
}

/// <summary>
/// Modules under the numbers 0, 1, … of one name, as published files have them: <c>resnets.0</c>, <c>resnets.1</c>.
/// </summary>
internal static class Numbered
{
    internal static nn.Module Of(IEnumerable<nn.Module> parts) =>
        new Group(
            [.. parts.Select((part, i) => (i.ToString(System.Globalization.CultureInfo.InvariantCulture), part))]);
}

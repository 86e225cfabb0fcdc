using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>A layer of ours that keeps its parameters in fields of its own.</summary>
internal interface ITakesParameters
{
    /// <summary>Puts a parameter in the place of the one of that name, which is not freed.</summary>
    void Take(string name, Parameter value);
}

/// <summary>
/// Gives numbers to a module that was built on the <c>meta</c> device, where tensors have shapes and no memory: each
/// parameter gets its memory where and as it is wanted, right before it is read. Nothing is drawn at random first and
/// nothing is held twice, so a model of gigabytes needs no more than itself.
/// </summary>
internal static class EmptyModule
{
    /// <summary>Builds a module for <see cref="Fill"/>. Its tables take memory for a moment even so.</summary>
    /// <exception cref="CourseException">That was too much: what a configuration says may be beyond all
    /// bounds.</exception>
    internal static T Of<T>(Func<Device, T> make) where T : nn.Module =>
        MemoryShortage.Explained(() => make(new Device(DeviceType.META)),
            "look whether the model's configuration says what it should");

    /// <returns>The tensors that hold NaN.</returns>
    internal static IReadOnlyList<string> Fill(nn.Module module, IEnumerable<(WeightEntry Entry, string Name, Tensor Target)> pairs, Device device, ScalarType type)
    {
        var owners = module.named_modules().Append((name: "", module)).DistinctBy(named => named.Item1).ToDictionary(named => named.Item1, named => named.Item2);
        var found = new List<string>();
        foreach (var (entry, name, target) in pairs)
        {
            using var scope = NewDisposeScope();
            var values = empty(target.shape, type, device);
            if (TensorCopy.Copy(entry, values, check: true)) found.Add(entry.Name);
            var dot = name.LastIndexOf('.');
            Put(owners[dot < 0 ? "" : name[..dot]], name[(dot + 1)..], nn.Parameter(values.DetachFromDisposeScope()));
            target.Dispose(); // not every layer frees the parameter that it gives up
        }
        return found;
    }

    // The layers keep their parameters in fields of their own, which only their properties set.
    private static void Put(nn.Module layer, string name, Parameter value)
    {
        value.DetachFromDisposeScope();
        switch (layer, name)
        {
            case (Linear linear, "weight"): linear.weight = value; break;
            case (Linear linear, "bias"): linear.bias = value; break;
            case (Convolution convolution, "weight"): convolution.weight = value; break;
            case (Convolution convolution, "bias"): convolution.bias = value; break;
            case (GroupNorm norm, "weight"): norm.weight = value; break;
            case (GroupNorm norm, "bias"): norm.bias = value; break;
            case (LayerNorm norm, "weight"): norm.weight = value; break;
            case (LayerNorm norm, "bias"): norm.bias = value; break;
            case (Embedding table, "weight"): table.weight = value; break;
            case (ITakesParameters own, _): own.Take(name, value); break;
            default: throw new NotSupportedException($"A {layer.GetType().Name} cannot be given its '{name}'.");
        }
    }
}

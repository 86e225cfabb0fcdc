using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>
/// The names that a pickle of weights may use, and what they stand for: tensors, their storages and plain containers
/// (PyTorch's <c>torch/_utils.py</c> and <c>torch/serialization.py</c> are where the arguments are defined).
/// </summary>
internal sealed class TorchGlobals(RawFile file)
{
    private readonly Dictionary<string, TorchStorage> storages = [];

    /// <summary>Every storage that a tensor speaks of, by its key.</summary>
    internal IReadOnlyDictionary<string, TorchStorage> Storages => storages;

    /// <exception cref="CourseException">The name is none of those: it is refused, and never called.</exception>
    internal PickleGlobal Find(string module, string name)
    {
        var known = (module, name) switch
        {
            ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_parameter") => true,
            ("collections", "OrderedDict") or ("torch", "Size") => true,
            ("__builtin__" or "builtins", "set" or "frozenset") or ("_codecs", "encode") => true,
            ("torch" or "torch.cuda", _) => StorageType(name) is not null,
            _ => false,
        };
        if (known) return new PickleGlobal(module, name);
        var called = $"{module}.{name}".ReplaceLineEndings(" ");
        throw new CourseException(module.StartsWith("torch.nn", StringComparison.Ordinal) || module.StartsWith("__torch__", StringComparison.Ordinal)
            ? $"The weights file {file.Path} is refused: it holds a whole model ({called}), not its tensors alone. Ask for a state_dict or a safetensors file."
            : $"The weights file {file.Path} is refused: it asks to run '{called}', which no weights need and which could be harmful. Use a safetensors file, or one from an owner you trust that holds tensors alone.");
    }

    internal object Call(object? callable, object? arguments)
    {
        if (callable is not PickleGlobal global || arguments is not PickleTuple { Items: var items }) throw Damaged("a call of something that is no function");
        return (global.Name, items) switch
        {
            ("_rebuild_tensor_v2", [_, _, _, _, _, ..]) or ("_rebuild_tensor", [_, _, _, _]) => Tensor(items),
            ("_rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
            ("OrderedDict", []) => new PickleDict(),
            ("OrderedDict", [PickleList pairs]) => Dict(pairs),
            ("Size", [PickleTuple sizes]) => sizes,
            ("set" or "frozenset", []) => new PickleList(),
            ("set" or "frozenset", [PickleList list]) => list,
            ("encode", [string text, ..]) => text,
            _ => throw Damaged($"a call of {global.Module}.{global.Name} with arguments it does not take"),
        };
    }

    /// <summary>A storage, from what the pickle says of it: ('storage', type, key, device, count[, view]).</summary>
    internal TorchStorage Storage(object? description)
    {
        if (description is not PickleTuple { Items: ["storage", PickleGlobal { Module: "torch" or "torch.cuda" } global, var id, string, long count, .. var rest] }
            || StorageType(global.Name) is not { } type || count < 0 || rest is not ([] or [null]))
            throw Damaged("a storage described in a way that PyTorch does not use");
        if (id is not (string or long)) throw Damaged("a storage without a key");
        var key = id.ToString()!;
        if (!storages.TryGetValue(key, out var storage)) return storages[key] = new TorchStorage(key, type, count);
        if (storage.Type != type || storage.Count != count) throw Damaged($"two descriptions of the storage {key} that differ");
        return storage;
    }

    private TorchTensor Tensor(object?[] items)
    {
        if (items is not [TorchStorage storage, long start, PickleTuple { Items: var sizes }, PickleTuple { Items: var steps }, ..]
            || sizes.Length != steps.Length || sizes.Length > 32 || !sizes.All(s => s is long) || !steps.All(s => s is long))
            throw Damaged("a tensor described in a way that PyTorch does not use");
        long[] shape = [.. sizes.Cast<long>()], strides = [.. steps.Cast<long>()];
        if (TensorShape.Count(shape) is not { } count || start < 0)
            throw Damaged($"a tensor of the impossible shape {WeightEntry.ShapeText(shape)}");
        if (count == 0) return new TorchTensor(storage, 0, shape, strides);
        if (TensorShape.Reach(shape, strides) is not { } reach || start > storage.Count - 1 - reach)
            throw Damaged($"a tensor of shape {WeightEntry.ShapeText(shape)} that reaches past the {storage.Count} elements of its storage {storage.Key}");
        // A few bytes may not stand for gigabytes: an expanded tensor (stride 0) must be made contiguous before it is saved.
        if (count > storage.Count)
            throw Damaged($"a tensor of shape {WeightEntry.ShapeText(shape)} over only {storage.Count} elements; save it with .contiguous()");
        return new TorchTensor(storage, start, shape, strides);
    }

    private PickleDict Dict(PickleList pairs)
    {
        var dict = new PickleDict();
        foreach (var pair in pairs.Items)
            dict.Items.Add(pair switch
            {
                PickleTuple { Items: [var key, var value] } => (key, value),
                PickleList { Items: [var key, var value] } => (key, value),
                _ => throw Damaged("an OrderedDict of something other than pairs"),
            });
        return dict;
    }

    private static ElementType? StorageType(string name) => name switch
    {
        "FloatStorage" => ElementType.F32,
        "DoubleStorage" => ElementType.F64,
        "HalfStorage" => ElementType.F16,
        "BFloat16Storage" => ElementType.BF16,
        "LongStorage" => ElementType.I64,
        "IntStorage" => ElementType.I32,
        "ShortStorage" => ElementType.I16,
        "CharStorage" => ElementType.I8,
        "ByteStorage" => ElementType.U8,
        "BoolStorage" => ElementType.Bool,
        _ => null,
    };

    private CourseException Damaged(string what) => file.Bad($"its pickle has {what}");
}

using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>
/// The names that a pickle of weights may use, and what they stand for: tensors, their storages and plain containers
/// (PyTorch's <c>torch/_utils.py</c> and <c>torch/serialization.py</c> are where the arguments are defined).
/// </summary>
internal sealed class TorchGlobals(RawFile file)
{
    /// <summary>What a tensor may be at most that is larger than its storage.</summary>
    internal const long MostExpandedBytes = 64 << 20;

    private readonly Dictionary<string, TorchStorage> storages = [];

    /// <summary>Every storage that a tensor speaks of, by its key.</summary>
    internal IReadOnlyDictionary<string, TorchStorage> Storages => storages;

    /// <exception cref="CourseException">The name is none of those: it is refused, and never called.</exception>
    internal PickleGlobal Find(string module, string name)
    {
        var known = (module, name) switch
        {
            ("torch._utils", _) => name.StartsWith("_rebuild_", StringComparison.Ordinal),
            ("torch._tensor", "_rebuild_from_type_v2") => true,
            ("collections", "OrderedDict" or "defaultdict") or ("torch", "Size") => true,
            ("__builtin__" or "builtins", "set" or "frozenset" or "dict" or "list" or "tuple")
                or ("_codecs", "encode") => true,
            ("torch" or "torch.cuda" or "torch.storage", _) when KindOf(name) is not null => true,
            _ => PassiveNames.Has(module, name),
        };
        if (known) return new PickleGlobal(module, name);
        var called = $"{module}.{name}".ReplaceLineEndings(" ");
        throw new CourseException(module.StartsWith("torch.nn", StringComparison.Ordinal)
            || module.StartsWith("__torch__", StringComparison.Ordinal)
            ? $"The weights file {file.Path} is refused: it holds a whole model ({called}), not its tensors alone. " +
                $"Ask for a state_dict or a safetensors file."
            : $"The weights file {file.Path} is refused: it asks to run '{called}', which no weights need and which " +
                $"could be harmful. Use a safetensors file, or one from an owner you trust that holds tensors alone.");
    }

    internal object Call(object? callable, object? arguments)
    {
        if (callable is not PickleGlobal global
            || arguments is not PickleTuple { Items: var items }) throw Damaged("a call of something that is no function");
        return (global.Name, items) switch
        {
            ("_rebuild_tensor_v2", [TorchStorage storage, _, _, _, _, ..]) => Tensor(storage, storage.Kind, items),
            ("_rebuild_tensor", [TorchStorage storage, _, _, _]) => Tensor(storage, storage.Kind, items),
            ("_rebuild_tensor_v3", [TorchStorage storage, _, _, _, _, _, PickleGlobal type, ..]) =>
                Tensor(storage, KindOfType(type), items),
            ("_rebuild_parameter" or "_rebuild_parameter_with_state", [TorchTensor or PickleSkipped, ..]) => items[0]!,
            ("_rebuild_from_type_v2", [PickleGlobal rebuild, _, PickleTuple rest, ..]) when rebuild != global =>
                Call(rebuild, rest),
            ("_rebuild_qtensor", _) => new PickleSkipped("quantized"),
            ("_rebuild_sparse_tensor" or "_rebuild_sparse_csr_tensor", _) => new PickleSkipped("sparse"),
            ("_rebuild_nested_tensor", _) => new PickleSkipped("nested"),
            ("_rebuild_meta_tensor_no_storage", _) => new PickleSkipped("without numbers"),
            ("_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_tensor_v3" or "_rebuild_parameter"
                or "_rebuild_parameter_with_state" or "_rebuild_from_type_v2", _) =>
                throw Damaged("a tensor described in a way that PyTorch does not use"),
            ("OrderedDict" or "dict", []) or ("defaultdict", _) => new PickleDict(),
            ("OrderedDict" or "dict", [PickleList pairs]) => Dict(pairs),
            ("Size", [PickleTuple sizes]) => sizes,
            ("set" or "frozenset" or "list" or "tuple", []) => new PickleList(),
            ("set" or "frozenset" or "list" or "tuple", [PickleList list]) => list,
            ("encode", [string text, ..]) => text,
            _ when global.Module == "torch._utils" => new PickleSkipped($"of the kind {global.Name}"),
            _ when PassiveNames.Has(global.Module, global.Name) => new PickleOpaque(),
            _ => throw Damaged($"a call of {global.Module}.{global.Name} with arguments it does not take"),
        };
    }

    /// <summary>An object of a class: of those passed over alone.</summary>
    internal object Make(object? type, object? arguments) =>
        type is PickleGlobal global && arguments is PickleTuple
            && (PassiveNames.Has(global.Module, global.Name) || global.Name is "OrderedDict" or "defaultdict" or "dict")
            ? global.Name is "OrderedDict" or "defaultdict" or "dict" ? new PickleDict() : new PickleOpaque()
            : throw Damaged("an object of something that is no class");

    /// <summary>A storage, from what the pickle says of it: ('storage', type, key, device, count[, view]).</summary>
    internal TorchStorage Storage(object? description)
    {
        if (description is not PickleTuple { Items: ["storage",
            PickleGlobal { Module: "torch" or "torch.cuda" or "torch.storage" } global, var id, string, long count,
            .. var rest] }
            || KindOf(global.Name) is not { } kind || count < 0 || rest is not ([] or [null]))
            throw Damaged("a storage described in a way that PyTorch does not use");
        if (id is not (string or long)) throw Damaged("a storage without a key");
        var key = id.ToString()!;
        if (!storages.TryGetValue(key, out var storage)) return storages[key] = new TorchStorage(key, kind, count);
        if (storage.Kind != kind
            || storage.Count != count) throw Damaged($"two descriptions of the storage {key} that differ");
        return storage;
    }

    private TorchTensor Tensor(TorchStorage storage, StorageKind kind, object?[] items)
    {
        if (items is not [_, long start, PickleTuple { Items: var sizes }, PickleTuple { Items: var steps }, ..]
            || sizes.Length != steps.Length || sizes.Length > 32 || !sizes.All(s => s is long)
                || !steps.All(s => s is long))
            throw Damaged("a tensor described in a way that PyTorch does not use");
        long[] shape = [.. sizes.Cast<long>()], strides = [.. steps.Cast<long>()];
        if (TensorShape.Count(shape) is not { } count || start < 0)
            throw Damaged($"a tensor of the impossible shape {WeightEntry.ShapeText(shape)}");
        if (count == 0) return new TorchTensor(storage, kind, 0, shape, strides);
        // A storage may be counted in bytes, and seen as wider numbers.
        var stored = kind.Size == storage.Kind.Size ? storage.Count
            : (long)((Int128)storage.Count * storage.Kind.Size / kind.Size);
        if (TensorShape.Reach(shape, strides) is not { } reach || start > stored - 1 - reach)
            throw Damaged($"a tensor of shape {WeightEntry.ShapeText(shape)} that reaches past the {stored} elements " +
                $"of its storage {storage.Key}");
        // Of an expanded tensor one element stands for many: a few bytes may not stand for gigabytes.
        if (count > stored && count > MostExpandedBytes / kind.Size)
            throw Damaged($"a tensor of shape {WeightEntry.ShapeText(shape)} over only {stored} elements, which is " +
                $"more than the {MostExpandedBytes >> 20} MB that are read of an expanded one; save it with " +
                    $".contiguous()");
        return new TorchTensor(storage, kind, start, shape, strides);
    }

    private StorageKind KindOfType(PickleGlobal type) =>
        type.Module == "torch" && PassiveNames.DataTypes.TryGetValue(type.Name, out var found)
        ? found is ElementType.Other ? KindOf(type.Name) ?? throw Damaged($"a tensor of the type {type.Name}")
            : StorageKind.Of(found)
        : throw Damaged("a tensor described in a way that PyTorch does not use");

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

    private static StorageKind? KindOf(string name) => name switch
    {
        "FloatStorage" => StorageKind.Of(ElementType.F32),
        "DoubleStorage" => StorageKind.Of(ElementType.F64),
        "HalfStorage" => StorageKind.Of(ElementType.F16),
        "BFloat16Storage" => StorageKind.Of(ElementType.BF16),
        "LongStorage" => StorageKind.Of(ElementType.I64),
        "IntStorage" => StorageKind.Of(ElementType.I32),
        "ShortStorage" => StorageKind.Of(ElementType.I16),
        "CharStorage" => StorageKind.Of(ElementType.I8),
        "ByteStorage" or "UntypedStorage" => StorageKind.Of(ElementType.U8),
        "BoolStorage" => StorageKind.Of(ElementType.Bool),
        "ComplexFloatStorage" or "complex64" => new(ElementType.Other, 8, "complex64"),
        "ComplexDoubleStorage" or "complex128" => new(ElementType.Other, 16, "complex128"),
        "complex32" => new(ElementType.Other, 4, "complex32"),
        "QInt8Storage" or "QUInt8Storage" => new(ElementType.Other, 1, "quantized int8"),
        "QInt32Storage" => new(ElementType.Other, 4, "quantized int32"),
        _ => null,
    };

    private CourseException Damaged(string what) => file.Bad($"its pickle has {what}");
}

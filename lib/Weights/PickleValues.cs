namespace ImageGen.Weights;

// What a pickle may hold besides null, bool, long, double, string and byte[].

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList
{
    internal List<object?> Items { get; } = [];
}

/// <summary>A dict, an OrderedDict: pairs in the order they came, the last of equal keys winning as in Python.</summary>
internal sealed class PickleDict
{
    internal List<(object? Key, object? Value)> Items { get; } = [];

    internal object? this[string key] => Items.FindLast(pair => pair.Key is string text && text == key).Value;
}

/// <summary>A class or function that the pickle names; it is never looked up anywhere, only recognized.</summary>
internal sealed record PickleGlobal(string Module, string Name);

/// <summary>Something that says nothing of tensors: a device, a date, a count.</summary>
internal sealed record PickleOpaque;

/// <summary>A tensor of a kind that the course does not read.</summary>
/// <param name="Why">What it is, for example <c>sparse</c>.</param>
internal sealed record PickleSkipped(string Why);

/// <summary>How a storage's numbers are kept.</summary>
/// <param name="Type">As what they are read.</param>
/// <param name="Size">Bytes of one.</param>
/// <param name="Name">The type's name where we have none.</param>
internal sealed record StorageKind(ElementType Type, int Size, string? Name = null)
{
    internal static StorageKind Of(ElementType type) => new(type, type.Size());
}

/// <summary>A row of numbers that tensors are views of.</summary>
internal sealed class TorchStorage(string key, StorageKind kind, long count)
{
    internal string Key => key;

    internal StorageKind Kind => kind;

    /// <summary>Elements in it.</summary>
    internal long Count => count;

    /// <summary>Where its bytes begin in the file; known only when the whole file is read.</summary>
    internal long? Offset { get; set; }
}

/// <summary>A view of a storage as numbers of a kind; its first element is the one at <c>Start</c>, counted in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, StorageKind Kind, long Start, long[] Shape, long[] Strides);

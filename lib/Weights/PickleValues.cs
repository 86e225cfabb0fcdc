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

/// <summary>A row of numbers that tensors are views of.</summary>
internal sealed class TorchStorage(string key, ElementType type, long count)
{
    internal string Key => key;

    internal ElementType Type => type;

    /// <summary>Elements in it.</summary>
    internal long Count => count;

    /// <summary>Where its bytes begin in the file; known only when the whole file is read.</summary>
    internal long? Offset { get; set; }
}

/// <summary>A view of a storage; its first element is the one at <c>Start</c>, counted in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Start, long[] Shape, long[] Strides);

namespace ImageGen.Weights;

/// <summary>Turns what a pickle holds into named tensors: keys of nested dictionaries and lists are joined by dots.</summary>
internal sealed class TorchStateDict
{
    private const int DeepestNesting = 32;
    private const int MostValues = 1_000_000; // a list may hold one list many times: the tree can be larger than the file

    private readonly RawFile file;
    private readonly List<WeightEntry> entries = [];
    private readonly HashSet<string> names = [];
    private readonly Dictionary<string, string> skipped = [];
    private int values;

    private TorchStateDict(RawFile file) => this.file = file;

    // The storages already know where their bytes begin.
    internal static WeightHeader Flatten(RawFile file, object? root)
    {
        var dict = new TorchStateDict(file);
        dict.Visit(root, "", 0);
        return new(dict.entries, new Dictionary<string, string>(), dict.skipped);
    }

    private void Visit(object? value, string name, int depth)
    {
        if (++values > MostValues) throw file.Bad($"it holds over {MostValues} values");
        if (depth > DeepestNesting) throw file.Bad($"its dictionaries are nested over {DeepestNesting} deep");
        switch (value)
        {
            case TorchTensor tensor: Add(tensor, name); break;
            case PickleSkipped { Why: var why }: skipped[name] = why; break;
            case PickleDict dict:
                // Of equal keys the last counts, as in Python.
                var last = new Dictionary<string, object?>();
                foreach (var (key, item) in dict.Items)
                    if (key is string or long) last[key.ToString()!] = item;
                foreach (var (key, item) in last) Visit(item, Join(name, key), depth + 1);
                break;
            case PickleList { Items: var items }: VisitAll(items, name, depth); break;
            case PickleTuple { Items: var items }: VisitAll(items, name, depth); break;
        }
    }

    private void VisitAll(IReadOnlyList<object?> items, string name, int depth)
    {
        for (var i = 0; i < items.Count; i++) Visit(items[i], Join(name, i.ToString()), depth + 1);
    }

    private void Add(TorchTensor tensor, string name)
    {
        if (name.Length == 0) name = "tensor"; // the file holds one bare tensor
        if (!names.Add(name)) throw file.Bad($"it names the tensor '{name}' twice");
        var (storage, kind, start, shape, strides) = tensor;
        if (storage.Offset is not { } offset) throw file.Bad($"the storage {storage.Key} of its tensor '{name}' is not in the file");
        entries.Add(new WeightEntry(name, kind.Type, shape,
            new Extent(file, offset + start * kind.Size, TensorShape.IsContiguous(shape, strides) ? null : strides), kind.Name));
    }

    private static string Join(string name, string key) => name.Length == 0 ? key : $"{name}.{key}";
}

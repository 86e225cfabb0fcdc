using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>Pairs the tensors of a file with those of a module, or says in one line all that does not fit.</summary>
internal static class WeightMatch
{
    internal static IReadOnlyList<(WeightEntry Entry, string Name, Tensor Target)> Find(
        string path, IReadOnlyList<WeightEntry> entries, nn.Module module, Func<string, string?> rename, bool averaged = false, IReadOnlyDictionary<string, string>? skipped = null)
    {
        var targets = module.state_dict();
        var prefix = NamePrefixes.Find(entries.Select(entry => entry.Name), name => rename(name) is { } own && targets.ContainsKey(own), averaged);
        if (prefix == NamePrefixes.NoAverages) throw NamePrefixes.Missing(path);
        var pairs = new List<(WeightEntry, string, Tensor)>();
        var found = new HashSet<string>();
        List<string> unexpected = [], doubled = [], shapes = [], types = [];
        foreach (var entry in entries)
        {
            // What stands beside the model in a checkpoint, an optimizer's state for example, is not looked at.
            if (!entry.Name.StartsWith(prefix, StringComparison.Ordinal) || rename(entry.Name[prefix.Length..]) is not { } name) continue;
            if (!targets.TryGetValue(name, out var target)) unexpected.Add(name);
            else if (!found.Add(name)) doubled.Add(name);
            else if (!target.shape.AsSpan().SequenceEqual([.. entry.Shape]))
                shapes.Add($"{name} (file {WeightEntry.ShapeText(entry.Shape)}, model {WeightEntry.ShapeText(target.shape)})");
            else if (entry.Type.Scalar() is null) types.Add($"{name} ({entry.TypeName})");
            else pairs.Add((entry, name, target));
        }
        var missing = targets.Keys.Where(name => !found.Contains(name)).ToList();

        List<string> problems = [];
        Report(missing, "missing");
        Report([.. (skipped ?? WeightHeader.Nothing).Select(pair => $"{pair.Key} ({pair.Value})")], "of a kind that the course does not read", missing.Count > 0);
        Report(unexpected, "unexpected");
        Report(shapes, "of another shape");
        Report(doubled, "named twice");
        Report(types, "of a type TorchSharp lacks");
        return problems.Count == 0
            ? pairs
            : throw new CourseException($"The weights file {path} does not fit {module.GetName()}, which stays as it was: {string.Join("; ", problems)}.");

        void Report(List<string> names, string what, bool matters = true)
        {
            if (names.Count > 0 && matters) problems.Add($"{names.Count} {what}: {Listing.Of(names)}");
        }
    }
}

using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>A layer of a model with its tensors in a LoRA file.</summary>
internal sealed record FoundLora(string Path, nn.Module<Tensor, Tensor> Layer, WeightEntry Down, WeightEntry Up, WeightEntry? Alpha);

/// <summary>Holds a LoRA file against a model, and says in one line what does not fit.</summary>
internal static class LoraCheck
{
    /// <summary>The file's names, all of one layout.</summary>
    /// <exception cref="CourseException">A name is of no layout or of another kind of adapter, or there are several layouts.</exception>
    internal static IReadOnlyList<(WeightEntry Entry, LoraName Name)> Names(WeightFile file)
    {
        if (SdxlSign(file) is { } sign)
            throw new CourseException($"{file.Path} is a LoRA of Stable Diffusion XL ({sign}): it does not fit a U-Net of Stable Diffusion 1 or of the course. Use one that was trained for Stable Diffusion 1.5.");
        foreach (var (mark, kind) in Others)
            if (file.Entries.FirstOrDefault(entry => entry.Name.Contains(mark, StringComparison.Ordinal)) is { } other)
                throw new CourseException($"{file.Path} is a {kind} and not a plain LoRA: it has {other.Name}, which the course does not read.");
        var parsed = file.Entries.Select(entry => (Entry: entry, Name: LoraName.Parse(entry.Name))).ToList();
        var unknown = parsed.Where(pair => pair.Name is null).Select(pair => pair.Entry.Name).ToList();
        if (parsed.Count == 0 || unknown.Count == parsed.Count)
            throw new CourseException($"{file.Path} is no LoRA: none of its names ends as a LoRA's in the layouts of peft, diffusers or kohya; it has {Listing.Of(unknown)}.");
        if (unknown.Count > 0)
            throw new CourseException($"{file.Path} has {unknown.Count} tensors beside the LoRA's that none of the layouts has: {Listing.Of(unknown)}.");
        var layouts = parsed.GroupBy(pair => pair.Name!.Layout).ToList();
        if (layouts.Count > 1)
            throw new CourseException($"{file.Path} mixes layouts: {string.Join("; ", layouts.Select(group => $"{group.Count()} names are {group.Key}'s, as {group.First().Entry.Name}"))}. Save it again from one program.");
        return [.. parsed.Select(pair => (pair.Entry, pair.Name!))];
    }

    /// <summary>The model's layers that the file adapts.</summary>
    /// <exception cref="CourseException">A layer is missing on either side, or of another shape.</exception>
    internal static IReadOnlyList<FoundLora> Layers(nn.Module model, LoraPart part, WeightFile file, IReadOnlyList<(WeightEntry Entry, LoraName Name)> names)
    {
        var mine = names.Where(pair => (pair.Name.Part ?? part) == part).ToList();
        if (mine.Count == 0)
            throw new CourseException($"{file.Path} adapts a {(part == LoraPart.UNet ? "text encoder" : "U-Net")} alone, and {model.GetType().Name} is a {(part == LoraPart.UNet ? "U-Net" : "text encoder")}: attach it to the other model.");
        var targets = AdaptableLayers.Of(model);
        var underscores = names[0].Name.Layout == LoraLayout.Kohya;
        var byName = new Dictionary<string, (string Path, nn.Module<Tensor, Tensor> Layer)>();
        foreach (var target in targets) byName[underscores ? target.Path.Replace('.', '_') : target.Path] = target;

        var found = new List<FoundLora>();
        List<string> missing = [], shapes = [], halves = [];
        foreach (var layer in mine.GroupBy(pair => pair.Name.Path))
        {
            var (down, up, alpha) = (Of(layer, LoraRole.Down), Of(layer, LoraRole.Up), Of(layer, LoraRole.Alpha));
            if (down is null || up is null) halves.Add(layer.Key);
            else if (!byName.TryGetValue(layer.Key, out var target)) missing.Add(layer.Key);
            else if (Misfit(down, up, Lora.ShapeOf(target.Layer)) is { } why) shapes.Add($"{target.Path} ({why})");
            else found.Add(new(target.Path, target.Layer, down, up, alpha));
        }
        List<string> problems = [];
        if (missing.Count > 0) problems.Add($"{missing.Count} that the model has not, or not as a dense layer: {Listing.Of(missing)}");
        if (shapes.Count > 0) problems.Add($"{shapes.Count} of another shape: {Listing.Of(shapes)}");
        if (halves.Count > 0) problems.Add($"{halves.Count} with only one of the two matrices: {Listing.Of(halves)}");
        var all = mine.Select(pair => pair.Name.Path).Distinct().Count();
        return problems.Count == 0
            ? found
            : throw new CourseException($"The LoRA {file.Path} does not fit {model.GetType().Name}, which stays as it was; of its {all} layers there are {string.Join("; ", problems)}.");
    }

    private static readonly (string Mark, string Kind)[] Others =
        [("hada_w", "LoHa"), ("lokr_w", "LoKr"), ("dora_scale", "DoRA"), ("lora_magnitude_vector", "DoRA"), ("lora_mid", "LoCon with a Tucker core")];

    private static WeightEntry? Of(IEnumerable<(WeightEntry Entry, LoraName Name)> layer, LoraRole role) =>
        layer.FirstOrDefault(pair => pair.Name.Role == role).Entry;

    // What the two matrices would adapt, against what there is.
    private static string? Misfit(WeightEntry down, WeightEntry up, long[] shape)
    {
        if (!IsMatrix(down) || !IsMatrix(up)) return $"file {WeightEntry.ShapeText(down.Shape)} and {WeightEntry.ShapeText(up.Shape)}, not two matrices";
        if (down.Shape[0] != up.Shape[1]) return $"rank {down.Shape[0]} in one matrix, {up.Shape[1]} in the other";
        return down.Shape[1] == shape[1] && up.Shape[0] == shape[0] ? null : $"file {up.Shape[0]}×{down.Shape[1]}, model {shape[0]}×{shape[1]}";
    }

    private static bool IsMatrix(WeightEntry entry) => entry.Shape is [> 0, > 0] or [> 0, > 0, 1, 1];

    // Two text encoders, blocks under their first names, deep transformers, or texts of 2048 numbers: only XL has these.
    private static string? SdxlSign(WeightFile file)
    {
        foreach (var entry in file.Entries)
        {
            var name = entry.Name;
            if (name.StartsWith("lora_te2_", StringComparison.Ordinal) || name.StartsWith("text_encoder_2.", StringComparison.Ordinal)) return $"it adapts a second text encoder, {name}";
            if (LoraName.Parse(name) is not { Role: LoraRole.Down, Part: not LoraPart.TextEncoder }) continue;
            if (name.Contains("attn2", StringComparison.Ordinal) && (name.Contains("to_k", StringComparison.Ordinal) || name.Contains("to_v", StringComparison.Ordinal))
                && entry.Shape is [_, 2048, ..]) return $"its {name} looks at texts of 2048 numbers";
        }
        return null;
    }
}

using System.Text.RegularExpressions;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>A layer of a model with its tensors in a LoRA file.</summary>
internal sealed record FoundLora(string Path, nn.Module<Tensor, Tensor> Layer, LayerProduct Product, WeightEntry Down,
    WeightEntry Up, WeightEntry? Alpha, WeightEntry? Magnitude);

/// <summary>Holds a LoRA file against a model, and says in one line what does not fit.</summary>
internal static class LoraCheck
{
    /// <summary>The file's names, all of one layout.</summary>
    /// <exception cref="CourseException">A name is of no layout or of another kind of adapter, or there are several
    /// layouts.</exception>
    internal static IReadOnlyList<(WeightEntry Entry, LoraName Name)> Names(WeightFile file)
    {
        if (SdxlSign(file) is { } sign)
            throw new CourseException($"{file.Path} is a LoRA of Stable Diffusion XL ({sign}): it does not fit a " +
                $"U-Net of Stable Diffusion 1 or of the course. Use one that was trained for Stable Diffusion 1.5.");
        foreach (var entry in file.Entries)
            if (Others.FirstOrDefault(other =>
                Regex.IsMatch(entry.Name, other.Mark, RegexOptions.CultureInvariant)).Kind is { } kind)
                throw new CourseException($"{file.Path} is a {kind} and not a plain LoRA: it has {entry.Name}, which " +
                    $"the course does not read.");
        var parsed = file.Entries.Select(entry => (Entry: entry, Name: LoraName.Parse(entry.Name))).ToList();
        var unknown = parsed.Where(pair => pair.Name is null).Select(pair => pair.Entry.Name).ToList();
        if (!parsed.Any(pair => pair.Name?.Role is LoraRole.Down or LoraRole.Up))
            throw new CourseException($"{file.Path} is no LoRA: none of its names ends as a LoRA's in the layouts of " +
                $"peft, diffusers or kohya; it has {Listing.Of([.. file.Entries.Select(entry => entry.Name)])}.");
        if (unknown.Count > 0)
            throw new CourseException($"{file.Path} has {unknown.Count} tensors beside the LoRA's that none of the " +
                $"layouts has: {Listing.Of(unknown)}.");
        var layouts = parsed.GroupBy(pair => pair.Name!.Layout).ToList();
        if (layouts.Count > 1)
            throw new CourseException($"{file.Path} mixes layouts: " +
                $"{string.Join("; ", layouts.Select(group => $"{group.Count()} names are {group.Key}'s, as {group.First().Entry.Name}"))}. Save it again from one program.");
        List<string> adapters = [.. parsed.Select(pair => pair.Name!.Adapter).OfType<string>().Distinct()];
        if (adapters.Count > 1) throw new CourseException($"{file.Path} holds {adapters.Count} adapters: " +
            $"{Listing.Of(adapters)}. Save each in a file of its own.");
        NotANumber.Refuse(file.Path, file.Entries);
        return [.. parsed.Select(pair => (pair.Entry, pair.Name!)).Where(pair => pair.Item2.Role != LoraRole.Frozen)];
    }

    /// <summary>The model's layers that the file adapts.</summary>
    /// <exception cref="CourseException">A layer is missing on either side, or of another shape.</exception>
    internal static IReadOnlyList<FoundLora> Layers(nn.Module model, LoraPart part, WeightFile file,
        IReadOnlyList<(WeightEntry Entry, LoraName Name)> names)
    {
        var mine = names.Where(pair => (pair.Name.Part ?? part) == part && pair.Name.Role != LoraRole.Whole).ToList();
        if (mine.Count == 0)
            throw new CourseException($"{file.Path} adapts a {(part == LoraPart.UNet ? "text encoder" : "U-Net")} " +
                $"alone, and {model.GetType().Name} is a {(part == LoraPart.UNet ? "U-Net" : "text encoder")}: " +
                    $"attach it to the other model.");
        var targets = AdaptableLayers.Of(model);
        var underscores = names[0].Name.Layout == LoraLayout.Kohya;
        var byName = new Dictionary<string, (string Path, nn.Module<Tensor, Tensor> Layer)>();
        foreach (var target in targets) byName[underscores ? target.Path.Replace('.', '_') : target.Path] = target;

        // kohya's files name the U-Net's blocks as today, or as the first code did.
        var first = underscores && model is UNet unet ? new SingleFileNames(unet.Config.ResnetsPerLevel, 0) : null;
        var found = new List<FoundLora>();
        List<string> missing = [], shapes = [], halves = [], doubled = [];
        foreach (var layer in mine.GroupBy(pair => first?.Flat(pair.Name.Path) ?? pair.Name.Path))
        {
            if (layer.GroupBy(pair => pair.Name.Role).Any(role => role.Count() > 1))
            {
                doubled.Add(layer.Key);
                continue;
            }
            var (down, up, magnitude) = (Of(layer, LoraRole.Down), Of(layer, LoraRole.Up),
                Of(layer, LoraRole.Magnitude));
            if (down is null || up is null) halves.Add(layer.Key);
            else if (!byName.TryGetValue(layer.Key, out var target)) missing.Add(layer.Key);
            else
            {
                var product = LayerProduct.Of(target.Layer, Lora.ShapeOf(target.Layer));
                if (Misfit(down, up, magnitude, product) is { } why) shapes.Add($"{target.Path} ({why})");
                else found.Add(new(target.Path, target.Layer, product, down, up, Of(layer, LoraRole.Alpha), magnitude));
            }
        }
        List<string> problems = [];
        if (missing.Count > 0)
            problems.Add($"{missing.Count} that the model has not, or not as a dense layer or a convolution: {Listing.Of(missing)}");
        if (shapes.Count > 0) problems.Add($"{shapes.Count} of another shape: {Listing.Of(shapes)}");
        if (halves.Count > 0) problems.Add($"{halves.Count} with only one of the two matrices: {Listing.Of(halves)}");
        if (doubled.Count > 0) problems.Add($"{doubled.Count} that are there twice: {Listing.Of(doubled)}");
        var all = mine.Select(pair => pair.Name.Path).Distinct().Count();
        return problems.Count == 0
            ? found
            : throw new CourseException($"The LoRA {file.Path} does not fit {model.GetType().Name}, which stays as " +
                $"it was; of its {all} layers there are {string.Join("; ", problems)}.");
    }

    /// <summary>The model's tensors that the file has whole, by their names.</summary>
    /// <exception cref="CourseException">The model has no such tensor, or of another shape.</exception>
    internal static IReadOnlyDictionary<string, WeightEntry> Whole(
        nn.Module model, WeightFile file, IReadOnlyList<(WeightEntry Entry, LoraName Name)> names)
    {
        var own = model.state_dict();
        var whole = names.Where(pair => pair.Name.Role == LoraRole.Whole).ToList();
        List<string> strange = [.. whole
            .Where(pair => !own.TryGetValue(pair.Name.Path, out var value)
            || !value.shape.AsSpan().SequenceEqual([.. pair.Entry.Shape]))
            .Select(pair => $"{pair.Entry.Name} {WeightEntry.ShapeText(pair.Entry.Shape)}")];
        if (strange.Count > 0)
            throw new CourseException($"{file.Path} has {strange.Count} tensors beside the LoRA's that are none of " +
                $"{model.GetType().Name}'s: {Listing.Of(strange)}.");
        return whole.ToDictionary(pair => pair.Name.Path, pair => pair.Entry);
    }

    private static readonly (string Mark, string Kind)[] Others =
    [
        (@"\.hada_[wt]", "LoHa"), (@"\.lokr_[wt]", "LoKr"), (@"\.(oft_|boft_)", "OFT"),
            (@"\.[ab][12]\.weight$", "GLoRA"), (@"\.lora_mid\.", "LoCon with a Tucker core"),
        (@"\.on_input$", "IA³"), (@"\.(diff|diff_b|w_norm|b_norm)$", "file of whole differences"),
            (@"\.vera_", "VeRA"), (@"\.lora_E", "AdaLoRA"),
        (@"\.lora_embedding_", "LoRA of an embedding"), (@"\.lora_[AB](\.[^.]+)?\.bias$", "LoRA with a bias"),
            (@"^(emb_params|string_to_param.*)$", "textual inversion"),
    ];

    private static WeightEntry? Of(IEnumerable<(WeightEntry Entry, LoraName Name)> layer, LoraRole role) =>
        layer.FirstOrDefault(pair => pair.Name.Role == role).Entry;

    // What the two matrices would adapt, against what there is.
    private static string? Misfit(WeightEntry down, WeightEntry up, WeightEntry? magnitude, LayerProduct product)
    {
        var matrix = product.Shape is [_, _] or [_, _, 1, 1];
        if (matrix && !IsMatrix(down) || !IsMatrix(up))
            return $"file {WeightEntry.ShapeText(down.Shape)} and {WeightEntry.ShapeText(up.Shape)}, not two matrices";
        if (down.Shape[0] != up.Shape[1]) return $"rank {down.Shape[0]} in one matrix, {up.Shape[1]} in the other";
        if (matrix ? down.Shape[1] != product.Shape[1] || up.Shape[0] != product.Shape[0]
            : !down.Shape.Skip(1).SequenceEqual(product.Shape[1..]) || up.Shape[0] != product.Shape[0])
            return $"file {Sides([up.Shape[0], .. matrix ? down.Shape.Skip(1).Take(1) : down.Shape.Skip(1)])}, model " +
                $"{Sides(matrix ? product.Shape[..2] : product.Shape)}";
        return magnitude is null || magnitude.Count == product.Shape[0] && magnitude.Shape is [var first, ..]
            && (first == magnitude.Count || magnitude.Shape is [1, var second, ..] && second == magnitude.Count
            && magnitude.Name.Contains("lora_magnitude", StringComparison.Ordinal)) ? null
            : $"magnitudes {WeightEntry.ShapeText(magnitude.Shape)}, where the model has {product.Shape[0]} outputs";
    }

    private static string Sides(IEnumerable<long> sides) => string.Join('×', sides);

    private static bool IsMatrix(WeightEntry entry) => entry.Shape is [> 0, > 0] or [> 0, > 0, 1, 1];

    // Two text encoders, or texts of 2048 numbers: only XL has these.
    private static string? SdxlSign(WeightFile file)
    {
        foreach (var entry in file.Entries)
        {
            var name = entry.Name;
            if (name.StartsWith("lora_te2_", StringComparison.Ordinal)
                || name.StartsWith("text_encoder_2.", StringComparison.Ordinal))
                return $"it adapts a second text encoder, {name}";
            if (LoraName.Parse(name) is not { Role: LoraRole.Down, Part: not LoraPart.TextEncoder }) continue;
            if (name.Contains("attn2", StringComparison.Ordinal)
                && (name.Contains("to_k", StringComparison.Ordinal) || name.Contains("to_v", StringComparison.Ordinal))
                && entry.Shape is [_, 2048, ..]) return $"its {name} looks at texts of 2048 numbers";
        }
        return null;
    }
}

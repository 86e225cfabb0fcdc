using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>Reads and writes adapters in the layouts that other programs use.</summary>
public static class LoraFile
{
    /// <summary>Writes an adapter's matrices, and nothing of the model.</summary>
    /// <param name="lora">The adapter.</param>
    /// <param name="path">The file, ending in .safetensors; peft's layout also writes adapter_config.json beside
    /// it.</param>
    /// <param name="layout">For which program.</param>
    /// <param name="type">How the numbers are stored.</param>
    /// <param name="notes">What else the file is to say of itself.</param>
    /// <exception cref="CourseException">The file cannot be written, or peft's layout cannot say the
    /// scales.</exception>
    public static void Save(Lora lora, string path, LoraLayout layout = LoraLayout.Peft,
        ScalarType type = ScalarType.Float32, IReadOnlyDictionary<string, string>? notes = null)
    {
        using var scope = NewDisposeScope();
        var config = layout == LoraLayout.Peft ? ConfigOf(lora, path) : null;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        SafeTensors.Save(path, Tensors(lora, layout), type, new Dictionary<string,
            string>(notes ?? new Dictionary<string, string>()) { ["format"] = "pt" });
        config?.WriteBeside(path, lora.Layers.Keys,
            lora.Whole.Keys.Select(name => name[..name.LastIndexOf('.')]).Distinct());
    }

    /// <summary>An adapter's matrices as a file of that layout names them; α with them, where the layout has it in the
    /// file.</summary>
    public static IReadOnlyDictionary<string, Tensor> Tensors(Lora lora, LoraLayout layout)
    {
        var tensors = new Dictionary<string, Tensor>();
        var part = PartOf(lora.Model);
        foreach (var (name, layer) in lora.Layers)
        {
            tensors[LoraName.Of(layout, part, name, LoraRole.Down)] = layer.A;
            tensors[LoraName.Of(layout, part, name, LoraRole.Up)] = layer.B;
            // Each layout has a shape of its own for DoRA's lengths: peft's is the weight's second side, kohya's the
            // first.
            if (layer.Magnitude is { } lengths)
                tensors[LoraName.Of(layout, part, name, LoraRole.Magnitude)] = layout == LoraLayout.Kohya
                    ? lengths.view(layer.A.dim() == 4 ? [-1, 1, 1, 1] : [-1, 1])
                    : layer.A.dim() == 4 ? lengths.view(1, -1, 1, 1) : lengths;
            // These layouts have one rule, s = α/r: an α that gives this scale, whatever rule it came from.
            if (layout == LoraLayout.Kohya || layout == LoraLayout.Diffusers && layer.Scale != 1)
                tensors[LoraName.Of(layout, part, name, LoraRole.Alpha)] = tensor((float)(layer.Scale * layer.Rank));
        }
        foreach (var (name, value) in lora.Whole)
            tensors[layout == LoraLayout.Peft ? LoraName.Of(layout, part, name, LoraRole.Whole)
                : throw new CourseException($"The adapter has whole tensors of the model, {name} for example, which " +
                    $"peft's layout alone can hold: write it as Peft.")] = value;
        return tensors;
    }

    /// <summary>Puts the adapter in a file on a model, and freezes the model. Of a file for several models, this one's
    /// layers are taken.</summary>
    /// <param name="model">The model that it was trained for: a U-Net, or a text encoder.</param>
    /// <param name="path">A file in any of the three layouts.</param>
    /// <exception cref="CourseException">The file is damaged or no LoRA, mixes layouts, or was trained for another
    /// model: one line says which layers do not fit.</exception>
    public static Lora Attach(nn.Module model, string path)
    {
        using var file = WeightFile.Open(path).Unwrapped(name => LoraName.Parse(name) is { Role: not LoraRole.Whole });
        return Attach(model, file);
    }

    /// <inheritdoc cref="Attach(nn.Module, string)"/>
    public static Lora Attach(nn.Module model, WeightFile file)
    {
        var names = LoraCheck.Names(file);
        var config = PeftConfig.Of(file, names[0].Name.Layout, PartOf(model));
        var layers = LoraCheck.Layers(model, PartOf(model), file, names);
        var whole = LoraCheck.Whole(model, file, names);
        using var noGrad = no_grad();
        return Lora.Inject(model, layers.Select(found =>
        {
            var rank = (int)found.Down.Shape[0];
            if (config is { Dora: true } && found.Magnitude is null)
                throw new CourseException($"{file.Path} lacks DoRA's magnitudes of " +
                    $"{found.Path}, which its {PeftConfig.FileName} announces.");
            var scale = found.Alpha is { } alpha ? AlphaIn(file, alpha) / rank : config?.ScaleOf(found.Path, rank) ?? 1;
            var layer = new LoraLayer(found.Product, AdaptableLayers.Weight(found.Layer).device, rank, scale,
                dropout: 0, found.Magnitude is not null);
            Fill(layer.A, found.Down);
            Fill(layer.B, found.Up);
            if (found.Magnitude is { } magnitude) Fill(layer.Magnitude!, magnitude);
            return (found.Path, found.Layer, layer);

            // A 1×1 convolution's matrix may stand in the file without its last two sides, and a dense layer's with
            // them.
            void Fill(Tensor target, WeightEntry entry)
            {
                using var values = file.Read(entry.Name);
                target.copy_(values.view(target.shape));
            }
        }), whole.ToDictionary(pair => pair.Key, pair => file.Read(pair.Value.Name).DetachFromDisposeScope()));
    }

    internal static LoraPart PartOf(nn.Module model) => model is UNet ? LoraPart.UNet : LoraPart.TextEncoder;

    private static double AlphaIn(WeightFile file, WeightEntry entry)
    {
        using var value = file.Read(entry.Name, type: ScalarType.Float64);
        var alpha = value.numel() == 1 ? value.view(1)[0].item<double>() : double.NaN;
        return alpha > 0 && double.IsFinite(alpha) ? alpha
            : throw new CourseException($"The LoRA {file.Path} has an alpha that is no number above 0: {entry.Name}.");
    }

    // The rank and the strength that most layers have, and patterns for the others: their whole paths.
    private static PeftConfig ConfigOf(Lora lora, string path)
    {
        var layers = lora.Layers.Select(pair =>
            (Path: pair.Key, pair.Value.Rank, Alpha: pair.Value.Scale * pair.Value.Rank,
            Dora: pair.Value.Magnitude is not null)).ToList();
        if (layers.Select(layer => layer.Dora).Distinct().Count() > 1)
            throw new CourseException($"{path} cannot be written in peft's layout, in which all layers have DoRA's " +
                $"magnitudes or none: write it as Diffusers or Kohya.");
        var (rank, alpha) = (Most(layers.Select(layer => layer.Rank)), Most(layers.Select(layer => layer.Alpha)));
        return new(rank, alpha, RankStabilized: false, layers[0].Dora)
        {
            Ranks = [.. layers.Where(layer => layer.Rank != rank).Select(layer => (layer.Path, (double)layer.Rank))],
            Alphas = [.. layers.Where(layer => layer.Alpha != alpha).Select(layer => (layer.Path, layer.Alpha))],
        };

        static T Most<T>(IEnumerable<T> values) where T : notnull =>
            values.GroupBy(value => value).MaxBy(group => group.Count())!.Key;
    }
}

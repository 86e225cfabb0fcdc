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
    /// <param name="path">The file, ending in .safetensors; peft's layout also writes adapter_config.json beside it.</param>
    /// <param name="layout">For which program.</param>
    /// <param name="type">How the numbers are stored.</param>
    /// <param name="notes">What else the file is to say of itself.</param>
    /// <exception cref="CourseException">The file cannot be written, or peft's layout cannot say the scales.</exception>
    public static void Save(Lora lora, string path, LoraLayout layout = LoraLayout.Peft, ScalarType type = ScalarType.Float32, IReadOnlyDictionary<string, string>? notes = null)
    {
        using var scope = NewDisposeScope();
        var config = layout == LoraLayout.Peft ? ConfigOf(lora, path) : null;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        SafeTensors.Save(path, Tensors(lora, layout), type, new Dictionary<string, string>(notes ?? new Dictionary<string, string>()) { ["format"] = "pt" });
        config?.WriteBeside(path, lora.Layers.Keys);
    }

    /// <summary>An adapter's matrices as a file of that layout names them; α with them, where the layout has it in the file.</summary>
    public static IReadOnlyDictionary<string, Tensor> Tensors(Lora lora, LoraLayout layout)
    {
        var tensors = new Dictionary<string, Tensor>();
        var part = PartOf(lora.Model);
        foreach (var (name, layer) in lora.Layers)
        {
            tensors[LoraName.Of(layout, part, name, LoraRole.Down)] = layer.A;
            tensors[LoraName.Of(layout, part, name, LoraRole.Up)] = layer.B;
            // These layouts have one rule, s = α/r: an α that gives this scale, whatever rule it came from.
            if (layout == LoraLayout.Kohya || layout == LoraLayout.Diffusers && layer.Scale != 1)
                tensors[LoraName.Of(layout, part, name, LoraRole.Alpha)] = tensor((float)(layer.Scale * layer.Rank));
        }
        return tensors;
    }

    /// <summary>Puts the adapter in a file on a model, and freezes the model. Of a file for several models, this one's layers are taken.</summary>
    /// <param name="model">The model that it was trained for: a U-Net, or a text encoder.</param>
    /// <param name="path">A file in any of the three layouts.</param>
    /// <exception cref="CourseException">The file is damaged or no LoRA, mixes layouts, or was trained for another model: one line says which layers do not fit.</exception>
    public static Lora Attach(nn.Module model, string path)
    {
        using var file = WeightFile.Open(path);
        return Attach(model, file);
    }

    /// <inheritdoc cref="Attach(nn.Module, string)"/>
    public static Lora Attach(nn.Module model, WeightFile file)
    {
        var names = LoraCheck.Names(file);
        var config = names[0].Name.Layout == LoraLayout.Peft ? PeftConfig.Beside(file.Path) : null;
        var layers = LoraCheck.Layers(model, PartOf(model), file, names);
        using var frozen = no_grad();
        return Lora.Wear(model, layers.Select(found =>
        {
            var rank = (int)found.Down.Shape[0];
            var scale = found.Alpha is { } alpha ? AlphaIn(file, alpha) / rank : config?.ScaleOf(rank) ?? 1;
            using var like = zeros(Lora.ShapeOf(found.Layer), device: AdaptableLayers.Weight(found.Layer).device);
            var layer = new LoraLayer(like, rank, scale, dropout: 0);
            Fill(layer.A, found.Down);
            Fill(layer.B, found.Up);
            return (found.Path, found.Layer, layer);

            // A 1×1 convolution's matrix may stand in the file without its last two sides, and a dense layer's with them.
            void Fill(Tensor target, WeightEntry entry)
            {
                using var values = file.Read(entry.Name);
                target.copy_(values.view(target.shape));
            }
        }));
    }

    internal static LoraPart PartOf(nn.Module model) => model is UNet ? LoraPart.UNet : LoraPart.TextEncoder;

    private static double AlphaIn(WeightFile file, WeightEntry entry)
    {
        using var value = file.Read(entry.Name, type: ScalarType.Float64);
        var alpha = value.numel() == 1 ? value.view(1)[0].item<double>() : double.NaN;
        return alpha > 0 && double.IsFinite(alpha) ? alpha : throw new CourseException($"The LoRA {file.Path} has an alpha that is no number above 0: {entry.Name}.");
    }

    private static PeftConfig ConfigOf(Lora lora, string path)
    {
        var (rank, scale) = (lora.Layers.Values.First().Rank, lora.Layers.Values.First().Scale);
        if (lora.Layers.Values.Any(layer => layer.Rank != rank || layer.Scale != scale))
            throw new CourseException($"{path} cannot be written in peft's layout, which has one rank and one alpha for all layers: write it as Diffusers or Kohya.");
        return new(rank, scale * rank, RankStabilized: false);
    }
}

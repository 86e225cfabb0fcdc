using System.Text;
using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// A model whose dense layers have 4-bit weights (QLoRA, Dettmers and others, arXiv 2305.14314). It saves memory, not time:
/// each layer's weights are dequantized whenever it is asked. An adapter beside them can learn what they cannot.
/// </summary>
public sealed class QuantizedModel : IDisposable
{
    private readonly List<(string Path, AdaptedLayer Layer)> layers = [];

    private QuantizedModel(nn.Module model) => Model = model;

    /// <summary>The model.</summary>
    public nn.Module Model { get; }

    /// <summary>The 4-bit weights by the layers' paths.</summary>
    public IReadOnlyDictionary<string, Nf4Weights> Layers => layers.ToDictionary(part => part.Path, part => part.Layer.Quantized!);

    /// <summary>Bytes of the model's weights as they are now, those of 4 bits and the others.</summary>
    public long Bytes => TrainingMemory.BytesOf(Model.state_dict().Values) + layers.Sum(part => part.Layer.Quantized!.Bytes);

    /// <summary>Rounds a model's dense layers to 4 bits and freezes the model. The weights in full are freed.</summary>
    /// <param name="model">Any module.</param>
    /// <param name="targets">Which layers, as in <see cref="LoraOptions.Targets"/>; all that are Linear when null. Convolutions stay as they are.</param>
    /// <param name="doubleQuantization">Whether the scales are rounded, too.</param>
    /// <exception cref="CourseException">No layer is a Linear one, a target names none, or an adapter is merged into one.</exception>
    public static QuantizedModel Of(nn.Module model, IReadOnlyList<string>? targets = null, bool doubleQuantization = true)
    {
        var found = (targets is null ? AdaptableLayers.Of(model) : AdaptableLayers.Of(model, targets)).Where(part => part.Layer is Linear).ToList();
        if (found.Count == 0) throw new CourseException($"{model.GetType().Name} has no Linear layer to round to 4 bits.");
        foreach (var (path, layer) in found)
            if (AdaptedLayer.Find(layer)?.Quantized is not null) throw new CourseException($"{path} has 4-bit weights already.");
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        var quantized = new QuantizedModel(model);
        foreach (var (path, layer) in found)
        {
            var seam = AdaptedLayer.Of(layer);
            seam.Quantize(Nf4Weights.Of(AdaptableLayers.Weight(layer), doubleQuantization));
            quantized.layers.Add((path, seam));
        }
        return quantized;
    }

    /// <summary>Gives the layers full weights again: the rounded ones, for what was rounded off is gone.</summary>
    public void Dispose()
    {
        foreach (var (_, layer) in layers) layer.Dequantize();
        layers.Clear();
    }

    /// <summary>Writes the model in bitsandbytes' layout: for each 4-bit weight its bytes, scales and tables under its own name and names after it.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = Model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value);
        foreach (var (name, layer) in layers)
            foreach (var (key, value) in Nf4Layout.Tensors(layer.Quantized!)) tensors[$"{name}.weight{key}"] = value;
        SafeTensors.Save(path, tensors);
    }

    /// <summary>Reads what <see cref="Save"/> or bitsandbytes wrote into a model that was built for it; its layers get 4 bits where the file's have.</summary>
    /// <exception cref="CourseException">The file does not fit the model, or its 4-bit weights are not in bitsandbytes' layout.</exception>
    public static QuantizedModel Load(nn.Module model, string path)
    {
        var own = model.state_dict().Keys.ToHashSet();
        using var file = WeightFile.Open(path).Unwrapped(own.Contains);
        NotANumber.Refuse(path, file.Entries);
        var found = AdaptableLayers.Of(model).Where(part => part.Layer is Linear && Nf4Layout.Has(file, $"{part.Path}.weight")).ToList();
        if (found.Count == 0) throw new CourseException($"{path} has no 4-bit weights for {model.GetType().Name}.");
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        var quantized = new QuantizedModel(model);
        foreach (var (name, layer) in found)
        {
            var weights = Nf4Layout.Read(file, $"{name}.weight");
            var shape = Lora.ShapeOf(layer);
            if (!shape.AsSpan().SequenceEqual(weights.Shape))
                throw new CourseException($"{path} does not fit {model.GetType().Name}: {name} is [{string.Join(", ", weights.Shape)}] in the file and [{string.Join(", ", shape)}] in the model.");
            var seam = AdaptedLayer.Of(layer);
            seam.Quantize(weights);
            quantized.layers.Add((name, seam));
        }
        // What is left has full weights; the empty ones of the layers above are filled already.
        var rounded = found.Select(part => $"{part.Path}.weight").ToHashSet();
        CopyOthers(file, model, rounded);
        return quantized;
    }

    private static void CopyOthers(WeightFile file, nn.Module model, HashSet<string> rounded)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, value) in model.state_dict().Where(pair => !rounded.Contains(pair.Key)))
        {
            if (!file[name].Shape.SequenceEqual(value.shape))
                throw new CourseException($"{file.Path} does not fit {model.GetType().Name}: {name} is [{string.Join(", ", file[name].Shape)}] in the file and [{string.Join(", ", value.shape)}] in the model.");
            value.copy_(file.Read(name));
        }
    }
}

using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// Fills a <see cref="ResNetFeatures"/> from the published ONNX files. Their tensors have numbers for names, so each is
/// known by
/// the operation that takes it: convolutions stand in the graph's order, a shortcut before its block, each before its
/// norm.
/// </summary>
internal static class ResNetWeights
{
    private const string Name = "resnet18";

    /// <summary>Reads the network that came with the build.</summary>
    /// <exception cref="CourseException">A file is missing, damaged or another network's.</exception>
    public static void Load(ResNetFeatures network) =>
        Load(network, PackagedWeights.PathOf(Name), PackagedWeights.PathOf(Name, "ResNetPreprocess.onnx"));

    /// <param name="network">The network to fill, as far as it was built; it stays as it was where a file does not
    /// fit.</param>
    /// <param name="weights">The network's file.</param>
    /// <param name="preprocessing">The file with the mean picture.</param>
    internal static void Load(ResNetFeatures network, string weights, string preprocessing)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = OnnxFile.Open(weights);
        using var meanFile = WeightFile.Open(preprocessing);
        var layers = Match(network, file, weights);
        // The mean picture's own mean per channel, blue first and up to 255, serves every size of picture.
        var mean = meanFile.Read("MeanImage").mean([0, 2, 3]).flip(0) / 255;
        foreach (var (convolution, entries) in layers)
        {
            TensorCopy.Copy(entries[0], convolution.Weight);
            var norm = entries[1..].Select(entry => file.Weights.Read(entry.Name)).ToArray();
            convolution.Fold(norm[0], norm[1], norm[2], norm[3]);
        }
        // The file's network takes blue, green, red in 0 … 255; ours takes red, green, blue in [0, 1].
        network.StemFilters.copy_(network.StemFilters.flip(1) * 255);
        network.Mean.copy_(mean.view(1, 3, 1, 1));
    }

    // Each convolution with its weight and its norm's scale, shift, mean and variance.
    private static List<(ResNetConvolution Convolution, WeightEntry[] Entries)> Match(
        ResNetFeatures network, OnnxFile file, string path)
    {
        var norms = file.Nodes.Where(node => node is { Operation: "BatchNormalization", Inputs.Count: 5 })
            .DistinctBy(node => node.Inputs[0])
            .ToDictionary(node => node.Inputs[0]);
        var found = file.Nodes.Where(node => node is { Operation: "Conv", Inputs.Count: >= 2, Outputs.Count: 1 })
            .ToList();
        List<(ResNetConvolution, WeightEntry[])> layers = [];
        List<string> missing = [], shapes = [];
        foreach (var (index, (name, convolution)) in network.Convolutions.Index())
        {
            string[] names = index < found.Count && norms.TryGetValue(found[index].Outputs[0], out var norm)
                ? [found[index].Inputs[1], .. norm.Inputs.Skip(1)] : [];
            var entries = names.Where(file.Weights.Contains).Select(tensor => file.Weights[tensor]).ToArray();
            var wanted = convolution.Weight.shape;
            if (entries.Length != 5) missing.Add(name);
            else if (entries.Where((entry, i) => !entry.Shape.SequenceEqual(i == 0 ? wanted : [wanted[0]]))
                .FirstOrDefault() is { } wrong)
                shapes.Add($"{name} (file {WeightEntry.ShapeText(wrong.Shape)}, model " +
                    $"{WeightEntry.ShapeText(wanted)})");
            else layers.Add((convolution, entries));
        }
        string[] problems = [.. Problem("missing", missing), .. Problem("of another shape", shapes)];
        if (problems.Length > 0) throw new CourseException(
            $"The ONNX file {path} is not the published ResNet-18: {string.Join("; ", problems)}.");
        NotANumber.Refuse(path, layers.SelectMany(layer => layer.Item2));
        return layers;
    }

    private static IEnumerable<string> Problem(string what, List<string> names)
    {
        if (names.Count > 0) yield return $"{names.Count} of its convolutions {what}: {Listing.Of(names)}";
    }
}

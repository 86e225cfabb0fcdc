using ImageGen.Runtime;
using ImageGen.Weights;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ImageGen.Tests;

/// <summary>Resources of assemblies that Roslyn writes and nobody loads.</summary>
public sealed class AssemblyResourceTests
{
    private static readonly byte[] Model = File.ReadAllBytes(WeightFixtures.Path("types.onnx"));

    [Fact]
    public void AResourceIsFoundAmongOthers()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write(
            "weights.dll", Assembly(("notes.txt", "wörd\npiece"u8.ToArray()), ("model.onnx", Model), ("empty", [])));
        using var file = OnnxFile.OpenResource(path, "model.onnx");
        Assert.Equal(WeightFixtures.Numbers(15), file.Weights.Values("f32"));
        Assert.Equal(WeightFixtures.Numbers(15), file.Weights.Values("floats"));
        Assert.Equal(3, file.Nodes.Count);
        Assert.Equal("wörd\npiece", AssemblyResource.Text(path, "notes.txt"));
        Assert.Equal("", AssemblyResource.Text(path, "empty"));
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), loaded => loaded.GetName().Name == "Weights");
    }

    [Fact]
    public void WithoutTheResourceTheLineNamesThoseThereAre()
    {
        using var folder = new TemporaryFolder();
        var message = Refusal(folder.Write("weights.dll", Assembly(("a.txt", [1]), ("b.txt", [2]))));
        Assert.Contains("no resource 'model.onnx'; it has a.txt, b.txt", message);
        Assert.Contains("it has none", Refusal(folder.Write("none.dll", Assembly())));
        Assert.Contains("no .NET assembly",
            Refusal(folder.Write("text.dll", "just some text, no assembly at all"u8.ToArray())));
    }

    [Fact]
    public void AFileCutAnywhereIsRefused()
    {
        using var folder = new TemporaryFolder();
        var bytes = Assembly(("model.onnx", Model));
        var end = bytes.AsSpan().LastIndexOf(Model[^16..]) + 16;
        for (var length = 0; length < end; length += length < 600 ? 1 : 7)
            Assert.InRange(Refusal(folder.Write("cut.dll", bytes[..length])).Length, 20, 600);
    }

    [Fact]
    public void MutatedAssembliesAreReadOrRefusedInOneLine()
    {
        using var folder = new TemporaryFolder();
        var original = Assembly(("model.onnx", Model));
        var random = new Random(29);
        var (read, count) = (0, Mutation.Count(1000));
        for (var i = 0; i < count; i++)
        {
            var bytes = Mutation.Of(original, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = OnnxFile.OpenResource(folder.Write("mutated.dll", bytes), "model.onnx");
                read++;
            }
            catch (CourseException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"mutation {i}: {Convert.ToBase64String(bytes)}", error);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000 + 200 * bytes.Length);
        }
        Assert.InRange(read, count / 20, count * 19 / 20);
    }

    private static string Refusal(string path)
    {
        var message = Assert.Throws<CourseException>(() => OnnxFile.OpenResource(path, "model.onnx").Dispose()).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(path, message);
        return message;
    }

    private static byte[] Assembly(params (string Name, byte[] Bytes)[] resources)
    {
        var compilation = CSharpCompilation.Create("Weights", [CSharpSyntaxTree.ParseText("")],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
                new(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var made = compilation.Emit(stream, manifestResources:
            [.. resources.Select(
                resource => new ResourceDescription(
                resource.Name, () => new MemoryStream(resource.Bytes), isPublic: true))]);
        Assert.True(made.Success);
        return stream.ToArray();
    }
}

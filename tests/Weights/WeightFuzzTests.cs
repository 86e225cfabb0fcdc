using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>
/// Damaged files give their tensors or one clear line, and nothing else: no other exception, no crash, no allocation out of
/// proportion to the file. IMAGEGEN_FUZZ sets how many mutations are tried on each format, 100000 for a long run.
/// </summary>
public class WeightFuzzTests
{
    private static readonly int Mutations = Mutation.Count(1500);

    [Theory]
    [InlineData("types.safetensors", "module.safetensors", "../checkpoints/types.safetensors")]
    [InlineData("types.legacy.pth", "views.legacy.pth", "nested.legacy.pth", "old.legacy.pth", "protocol4.legacy.pth", "../checkpoints/passive2.legacy.pth", "../checkpoints/odd.legacy.pth")]
    [InlineData("types.zip.pth", "views.zip.pth", "nested.zip.pth", "protocol4.zip.pth", "../checkpoints/passive5.zip.pth", "../checkpoints/odd.zip.pth", "../checkpoints/expanded.zip.pth")]
    [InlineData("types.onnx")]
    public void MutatedFilesAreReadOrRefused(params string[] names)
    {
        var originals = names.Select(name => File.ReadAllBytes(WeightFixtures.Path(name))).ToArray();
        var random = new Random(17);
        var read = 0;
        using var folder = new TemporaryFolder();
        for (var i = 0; i < Mutations; i++)
        {
            var bytes = Mutation.Of(originals[i % originals.Length], random);
            try
            {
                if (ReadAll(folder.Write("mutated", bytes), bytes.Length)) read++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"mutation {i} of {names[i % names.Length]}: {Convert.ToBase64String(bytes)}", error);
            }
        }
        // Both outcomes occur: else the mutations would be too mild or too wild to show anything.
        Assert.InRange(read, Mutations / 20, Mutations * 19 / 20);
    }

    [Theory]
    [InlineData("types.safetensors")]
    [InlineData("views.legacy.pth")]
    [InlineData("nested.zip.pth")]
    [InlineData("shards.safetensors.index.json")]
    [InlineData("types.onnx")]
    public void AFileCutAnywhereIsRefused(string name)
    {
        var bytes = File.ReadAllBytes(WeightFixtures.Path(name));
        using var folder = new TemporaryFolder();
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(ReadAll(folder.Write(name, bytes[..length]), length), $"{name} was read with only {length} of its {bytes.Length} bytes");
    }

    [Fact]
    public void ALargerFileCutAtEveryKilobyteIsRefused()
    {
        using var folder = new TemporaryFolder();
        SafeTensors.Save(folder["large.safetensors"], new Dictionary<string, Tensor> { ["a"] = zeros(100, 100), ["b"] = zeros(50, 100) });
        var bytes = File.ReadAllBytes(folder["large.safetensors"]);
        for (var length = 0; length < bytes.Length; length += 1024)
            Assert.False(ReadAll(folder.Write("cut.safetensors", bytes[..length]), length));
    }

    [Theory]
    [InlineData("layers.legacy.pth")]
    [InlineData("layers.zip.pth")]
    public void ALargerPthCutAtEveryKilobyteIsRefusedInOneLine(string name)
    {
        var bytes = File.ReadAllBytes(WeightFixtures.Path(name));
        Assert.True(bytes.Length > 100_000);
        using (var whole = WeightFile.Open(WeightFixtures.Path(name)))
            Assert.Equal(WeightFixtures.Numbers(48 * 48 * 9), whole.Values("features.2.weight"));
        for (var length = 0; length < bytes.Length; length += 1024)
            Assert.InRange(WeightFixtures.Refusal(bytes[..length], name).Length, 20, 600);
        // What is said of a file whose tensors are named but not all there: the likeliest end of a download.
        Assert.Contains("cut short", WeightFixtures.Refusal(bytes[..^1024], name));
    }

    /// <returns>Whether the file opened; it must answer with its tensors or a <see cref="CourseException"/>.</returns>
    private static bool ReadAll(string path, long length)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var file = WeightFile.Open(path);
            foreach (var entry in file.Entries)
            {
                var bytes = entry.Count * (entry.Type is ElementType.F64 or ElementType.I64 ? 8 : 1);
                Assert.InRange(bytes, 0, entry.Where.Strides is null ? entry.Type is ElementType.Other ? 8 * length : length : TorchGlobals.MostExpandedBytes);
                if (bytes > 1 << 20) continue; // an expanded tensor, whose bound is tried elsewhere
                try { file.Read(entry.Name).Dispose(); }
                catch (CourseException) when (entry.Type > ElementType.Bool) { }
            }
            return true;
        }
        catch (CourseException error)
        {
            Assert.DoesNotContain('\n', error.Message);
            Assert.InRange(error.Message.Length, 20, 2000);
            return false;
        }
        finally
        {
            // Objects are larger than the bytes that name them, and the windows have their size.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000 + 200 * length);
        }
    }
}

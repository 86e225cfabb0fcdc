using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// What is encoded so far, a file a part: six thousand pictures of 512 × 512 take hours on a processor, and an encoding
/// that was stopped goes on after its last part.
/// </summary>
/// <param name="folder">A folder of the parts' own.</param>
/// <param name="key">What is encoded, and with what: parts of something else are not taken.</param>
public sealed class EncodedParts(string folder, string key)
{
    private const string KeyNote = "of";

    /// <summary>A part as it was kept; null where it was not, or is damaged, or of something else.</summary>
    /// <param name="name">The part's name, which may be a file's.</param>
    /// <returns>Tensors by name, on the CPU; they belong to the caller's dispose scope.</returns>
    internal IReadOnlyDictionary<string, Tensor>? Find(string name)
    {
        if (!File.Exists(PathOf(name))) return null;
        try
        {
            using var file = WeightFile.Open(PathOf(name));
            return file.Metadata.GetValueOrDefault(KeyNote) == key ? file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name)) : null;
        }
        catch (CourseException)
        {
            return null; // it is encoded again
        }
    }

    /// <summary>Keeps a part.</summary>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    internal void Keep(string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        Directory.CreateDirectory(folder);
        SafeTensors.Save(PathOf(name), tensors, metadata: new Dictionary<string, string> { [KeyNote] = key });
    }

    /// <summary>Deletes all parts: the whole is kept elsewhere.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private string PathOf(string name) => Path.Combine(folder, name + ".safetensors");
}

/// <summary>How far an encoding is.</summary>
/// <param name="What">What is encoded just now: pictures or captions.</param>
/// <param name="Done">How many of them are.</param>
/// <param name="Count">Of how many.</param>
/// <param name="Left">How long these will take at the pace so far; null where nothing was measured yet.</param>
public sealed record EncodingProgress(string What, int Done, int Count, TimeSpan? Left);

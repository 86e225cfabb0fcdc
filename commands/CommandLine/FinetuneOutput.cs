using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary>
/// What a fine-tuning writes: the LoRA, and beside it its provenance, a picture, and the folder of its state.
/// </summary>
internal sealed class FinetuneOutput
{
    private const string Ending = ".safetensors";

    /// <exception cref="CourseException">The name does not end as such a file's, or is a folder's.</exception>
    internal FinetuneOutput(string file)
    {
        if (!file.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
            throw new CourseException($"--output is '{file}': a LoRA file ends in {Ending}.");
        if (Directory.Exists(file)) throw new CourseException($"--output is '{file}', which is a folder: name a file.");
        File = Path.GetFullPath(file);
    }

    internal string File { get; }

    internal string Name => Path.GetFileNameWithoutExtension(File);

    internal string Provenance => Path.ChangeExtension(File, ".json");

    internal string Picture => Path.ChangeExtension(File, ".png");

    /// <summary>For the state and the encoded pictures; of no use any more when the training is done.</summary>
    internal string Folder => Path.ChangeExtension(File, ".training");

    /// <exception cref="CourseException">Nothing can be written there.</exception>
    internal void Require()
    {
        try
        {
            Directory.CreateDirectory(Folder);
            var probe = Path.Combine(Folder, ".writable");
            System.IO.File.WriteAllText(probe, "");
            System.IO.File.Delete(probe);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"Nothing can be written beside {File}: {error.Message} Choose another "
                + $"--output.", error);
        }
    }
}

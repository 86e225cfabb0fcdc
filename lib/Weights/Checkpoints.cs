using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>The trained checkpoints that come with the course: data/checkpoints/NAME.safetensors, each with its provenance beside it.</summary>
public static class Checkpoints
{
    /// <summary>Where they lie.</summary>
    public static string Folder { get; } = Path.Combine(Folders.Data, "checkpoints");

    /// <summary>The file of a checkpoint, there or not.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name + ".safetensors");

    /// <summary>Whether the course has this checkpoint.</summary>
    public static bool Exists(string name) => File.Exists(PathOf(name));

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="name">For example <c>minibert</c>.</param>
    /// <exception cref="CourseException">It is not there: the message names the command that trains it.</exception>
    public static WeightFile Open(string name) => Exists(name)
        ? WeightFile.Open(PathOf(name))
        : throw new CourseException($"The checkpoint '{name}' is missing: there is no {PathOf(name)}. Check the course out again, or train it with ./course train {name}.");

    /// <summary>How a checkpoint was made.</summary>
    /// <exception cref="CourseException">The file beside it is missing or damaged.</exception>
    public static Provenance ProvenanceOf(string name) => Provenance.Read(Path.Combine(Folder, name + ".json"));
}

namespace ImageGen.Runtime;

/// <summary>Where the course finds its files.</summary>
public static class Folders
{
    /// <summary>The environment variable that moves the cache of downloads.</summary>
    public const string CacheVariable = "IMAGEGEN_CACHE";

    private static readonly Lazy<string> FoundRoot = new(FindRoot);

    /// <summary>The repository's root.</summary>
    /// <exception cref="CourseException">The library was moved out of a checkout of the course.</exception>
    public static string Root => FoundRoot.Value;

    /// <summary>The pictures, checkpoints and list of sources that come with the course.</summary>
    public static string Data => Path.Combine(Root, "data");

    /// <summary>Where downloads are kept: <see cref="CacheVariable"/>, else a folder of the user's own.</summary>
    public static string Cache => Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } folder
        ? Path.GetFullPath(folder)
        : Path.Combine(Home, ".cache", "imagegen");

    // Not verified: a folder that is not there yet has no other name, and an empty one would put everything below the current folder.
    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is var home && Path.IsPathFullyQualified(home)
        ? home
        : throw new CourseException($"HOME is '{home}', which is no whole path: set it, or {CacheVariable}, to a folder of yours.");

    // The library may lie in bin/, commands/bin/, tests/bin/ or a publish folder, and a notebook's host elsewhere altogether.
    private static string FindRoot()
    {
        foreach (var start in new[] { Path.GetDirectoryName(typeof(Folders).Assembly.Location), AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var folder = start; !string.IsNullOrEmpty(folder); folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "ImageGen.Lib.csproj"))) return folder;
        throw new CourseException("The course's folder was not found: keep ImageGen.Lib.dll inside the repository, or start from its folder.");
    }
}

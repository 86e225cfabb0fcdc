namespace ImageGen.Kernel;

/// <summary>
/// The user's own folder. What is meant for it never lands in whatever folder happens to be the current one.
/// </summary>
internal static class UserHome
{
    /// <summary>Its whole path; it need not exist yet.</summary>
    /// <exception cref="NotebookException">The system names none.</exception>
    public static string Folder => Environment.GetFolderPath(
        Environment.SpecialFolder.UserProfile,
        Environment.SpecialFolderOption.DoNotVerify) is var home && Path.IsPathFullyQualified(home)
        ? home
        : throw new NotebookException($"HOME is '{home}', which is no whole path: set it to a folder of yours.");
}

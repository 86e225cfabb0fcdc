namespace ImageGen.Tests.Kernel;

/// <summary>Where NuGet keeps its packages on this machine.</summary>
internal static class PackageCache
{
    public static string Folder => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}

using System.Diagnostics;

namespace ImageGen.Tests;

/// <summary>Starts .NET programs for the tests.</summary>
internal static class Dotnet
{
    /// <summary>
    /// What starts <c>dotnet</c> so that Ctrl-C reaches it: a job that a shell runs in the background ignores SIGINT, and so
    /// would all that it starts.
    /// </summary>
    public static ProcessStartInfo With(params string[] arguments) =>
        OperatingSystem.IsLinux() ? new("env", ["--default-signal=INT", "dotnet", .. arguments]) : new("dotnet", arguments);
}

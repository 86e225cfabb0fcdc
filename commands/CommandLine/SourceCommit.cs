using System.Diagnostics;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary>The commit whose code runs, for the provenance of what it makes.</summary>
internal static class SourceCommit
{
    /// <summary>As git names it; <c>unknown</c> where there is no git or no repository.</summary>
    public static string Describe()
    {
        try
        {
            var start = new ProcessStartInfo(
                "git",
                ["-C", Folders.Root, "describe", "--always", "--dirty", "--abbrev=12"]) { RedirectStandardOutput =
                    true, RedirectStandardError = true };
            using var git = Process.Start(start)!;
            var line = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return line.Length > 0 ? line : "unknown";
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or CourseException)
        {
            return "unknown"; // no git on this machine, or started from elsewhere: the course may come from an archive
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;

namespace ImageGen.Course.Setup;

/// <summary>Finds Jupyter's programs on this machine. A file of the right name is not enough: it must run.</summary>
internal static class JupyterPrograms
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string SystemFolder = "/usr/bin";

    /// <summary>JupyterLab, from PATH or the system.</summary>
    public static string? Lab() => Find("jupyter-lab", systemFirst: false);

    /// <summary>The classic Notebook, from PATH or the system.</summary>
    public static string? Notebook(bool systemFirst = false) => Find("jupyter-notebook", systemFirst);

    /// <summary>The converter to HTML, slides and executed notebooks.</summary>
    public static string? NbConvert(bool systemFirst = false) => Find("jupyter-nbconvert", systemFirst);

    /// <summary>A program of this name that runs, with its full path; null when there is none.</summary>
    /// <param name="name">Without the extension.</param>
    /// <param name="systemFirst">Look among the system's programs before PATH.</param>
    public static string? Find(string name, bool systemFirst)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> folders = systemFirst ? [SystemFolder, .. path] : [.. path, SystemFolder];
        return folders.Distinct().Select(folder => Path.Combine(folder, file)).FirstOrDefault(
            candidate => File.Exists(candidate) && Version(candidate) is not null);
    }

    /// <summary>What a program says of its version; null when it does not run.</summary>
    public static string? Version(string program)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var version = process.StandardOutput.ReadToEndAsync();
            if (process.WaitForExit(Patience)) return process.ExitCode == 0 ? version.Result.Trim() : null;
            process.Kill(entireProcessTree: true);
            return null;
        }
        catch (Win32Exception) { return null; } // Not a program, or one whose interpreter is gone.
    }
}

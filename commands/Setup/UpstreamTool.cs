using System.ComponentModel;
using System.Diagnostics;
using ImageGen.Runtime;

namespace ImageGen.Course.Setup;

/// <summary>
/// The archived .NET Interactive, in the one version that the notebooks are held against, in a cache of its own.
/// </summary>
internal static class UpstreamTool
{
    /// <summary>The package and its last version.</summary>
    public const string Package = "Microsoft.dotnet-interactive", Version = "1.0.712001";

    /// <summary>Its program; installed first where it is missing, half installed or of another version.</summary>
    /// <param name="cache">The course's cache.</param>
    /// <exception cref="CourseException">It could not be installed.</exception>
    public static string Ensure(string cache)
    {
        var folder = Path.Combine(cache, "dotnet-interactive", Version);
        if (IsWhole(folder)) return ProgramIn(folder);
        var part = $"{folder}.{Environment.ProcessId}.part";
        try
        {
            Directory.CreateDirectory(part);
            Console.Error.WriteLine($"Installing {Package} {Version} …");
            var (code, said) = Run("dotnet", ["tool", "install", "--tool-path", part, Package, "--version", Version]);
            if (code != 0)
                throw new CourseException($"{Package} {Version} could not be installed: {LastLine(said)} Check the "
                    + $"network and try again.");
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.Move(part, folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"{Package} cannot be kept in {folder}: {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
        }
        if (IsWhole(folder)) return ProgramIn(folder);
        throw new CourseException($"{Package} {Version} was installed and does not run: delete {folder} and try "
            + $"again.");
    }

    /// <summary>Whether the program runs and says that it is of the version.</summary>
    internal static bool IsWhole(string folder)
    {
        if (!File.Exists(ProgramIn(folder))) return false;
        try
        {
            var (code, said) = Run(ProgramIn(folder), ["--version"]);
            return code == 0 && said.Trim().Split('+')[0] == Version;
        }
        catch (Win32Exception) { return false; } // not a program
    }

    private static string ProgramIn(string folder) =>
        Path.Combine(folder, OperatingSystem.IsWindows() ? "dotnet-interactive.exe" : "dotnet-interactive");

    private static (int Code, string Said) Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_NOLOGO"] = "1" },
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? said : said + errors.Result);
    }

    private static string LastLine(string text) => text.Trim().Split('\n')[^1].Trim().TrimEnd('.') + ".";
}

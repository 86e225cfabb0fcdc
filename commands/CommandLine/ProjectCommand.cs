using System.Diagnostics;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary>Builds a project of the repository and runs what was built.</summary>
internal static class ProjectCommand
{
    /// <summary>Builds quietly; only a failed build says something.</summary>
    /// <exception cref="CourseException">It does not build.</exception>
    public static async Task BuildAsync(string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", ["build", folder, "-v", "quiet", "--nologo"]) { RedirectStandardOutput = true };
        if (Environment.GetEnvironmentVariable("IMAGEGEN_CUDA") is { Length: > 0 })
            start.ArgumentList.Add("-p:Cuda=true");
        using var build = Process.Start(start) ?? throw new CourseException("The dotnet command did not start.");
        var output = await build.StandardOutput.ReadToEndAsync(cancellationToken);
        await build.WaitForExitAsync(cancellationToken);
        if (build.ExitCode == 0) return;
        Console.Error.Write(output);
        throw new CourseException($"{Path.GetFileName(folder)} does not build; the lines above say why.");
    }

    /// <summary>Runs a built program with this terminal as its own.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var run =
            Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])) ?? throw new CourseException(
                "The dotnet command did not start.");
        try { await run.WaitForExitAsync(cancellationToken); }
        catch (OperationCanceledException)
        {
            run.Kill(entireProcessTree: true);
            throw;
        }
        return run.ExitCode;
    }
}

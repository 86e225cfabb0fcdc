using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;
using ImageGen.Course.Setup;
using ImageGen.Runtime;

namespace ImageGen.Course.Checking;

/// <summary>
/// Notebooks executed on the archived .NET Interactive and on our kernel, both at smoke scale, and their outputs
/// compared by kind: pictures by number and size, charts, text, no error and nothing on standard error.
/// </summary>
internal sealed class UpstreamRun : IDisposable
{
    private const string Kernel = ".net-csharp";

    private static readonly RunOptions Options = new() { Scale = Scale.Smoke, OnlyTheCourses = true };

    private readonly string folder = Directory.CreateTempSubdirectory("imagegen-upstream-").FullName;
    private readonly string python;

    /// <summary>Makes ready; installs what is missing.</summary>
    /// <exception cref="CourseException">
    /// Jupyter's client or .NET Interactive is missing and cannot be installed.
    /// </exception>
    public UpstreamRun(string cache)
    {
        python = SystemPackages.Ensure(Python, "Jupyter's nbclient", "python3-nbclient");
        var spec = Directory.CreateDirectory(Path.Combine(folder, "kernels", Kernel)).FullName;
        File.WriteAllText(Path.Combine(spec, "kernel.json"), new JsonObject
        {
            ["argv"] = new JsonArray(
                UpstreamTool.Ensure(cache), "jupyter", "--default-kernel", "csharp", "{connection_file}", "--http-port-range", "2048-3000"),
            ["display_name"] = ".NET (C#)",
            ["language"] = "C#",
        }.ToJsonString());
        using var script = typeof(UpstreamRun).Assembly.GetManifestResourceStream("upstream.py")!;
        using var file = File.Create(Path.Combine(folder, "upstream.py"));
        script.CopyTo(file);
    }

    /// <summary>Executes one notebook on both kernels, at the same time.</summary>
    /// <param name="lesson">Which.</param>
    /// <param name="file">Its path from the repository's root.</param>
    /// <param name="cancellationToken">Stops both.</param>
    /// <returns>Where their outputs differ.</returns>
    public async Task<IReadOnlyList<Finding>> CompareAsync(
        Lesson lesson, string file, CancellationToken cancellationToken)
    {
        var theirs = TheirsAsync(lesson, cancellationToken);
        var ours = await new LessonRunner(Options).RunAsync(lesson, _ => { }, cancellationToken);
        var (executed, why) = await theirs;
        if (ours is not { Outcome: LessonOutcome.Passed, Notebook: { } notebook })
            return [new Finding(file, null, $"it does not run on our kernel: {ours.Failure?.TrimEnd('.')}", "Mend it first")];
        return executed is not null ? Differences(file, notebook, executed)
            : [new Finding(file, null, $"it does not reach its end on .NET Interactive: {why}", "Execute it there "
                + "cell by cell")];
    }

    /// <summary>Where the outputs of two executions differ in kind.</summary>
    internal static IReadOnlyList<Finding> Differences(string file, Notebook ours, Notebook theirs)
    {
        var findings = new List<Finding>();
        foreach (var ((own, other), place) in ours.Cells.Zip(theirs.Cells).Select((pair, i) => (pair, i + 1)))
        {
            if (own.Kind != CellKind.Code) continue;
            var (here, there) = (string.Join(", ", OutputKinds.Of(own)), string.Join(", ", OutputKinds.Of(other)));
            if (here == there) continue;
            findings.Add(new Finding(file, place, $"our kernel shows {Named(here)}, and .NET Interactive "
                + $"{Named(there)}",
                "Write what both show alike; see docs/two-kernels.md"));
        }
        return findings;
    }

    /// <summary>Deletes what the runs left.</summary>
    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Named(string kinds) => kinds.Length == 0 ? "nothing" : kinds;

    // Without a notebook when it did not come to its end, but with the last line that was said.
    private async Task<(Notebook? Executed, string Why)> TheirsAsync(Lesson lesson, CancellationToken cancellationToken)
    {
        var target = Path.Combine(folder, $"{Guid.NewGuid():N}.ipynb");
        var start = new ProcessStartInfo(
            python, [Path.Combine(folder, "upstream.py"), lesson.Path, target, lesson.Folder, Kernel])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Options.Environment(lesson)) start.Environment[name] = value;
        start.Environment["JUPYTER_PATH"] = folder;
        start.Environment["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var said = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try { await process.WaitForExitAsync(cancellationToken); }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        await said;
        var whole = process.ExitCode == 0 && File.Exists(target);
        return (whole ? Notebook.Read(target) : null, (await errors).Trim().Split('\n')[^1].TrimEnd('.'));
    }

    // Debian's Python has Debian's client; another one may come first on PATH.
    private static string? Python() => new[] { "/usr/bin/python3", "python3", "python" }.FirstOrDefault(HasClient);

    private static bool HasClient(string program)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, ["-c", "import nbclient"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception) { return false; }
    }
}

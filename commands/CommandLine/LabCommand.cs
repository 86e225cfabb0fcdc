using System.CommandLine;
using System.Diagnostics;
using ImageGen.Course.Setup;
using ImageGen.Kernel.Jupyter;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>course lab</c>: the course in Jupyter, with its own kernel.</summary>
internal static class LabCommand
{
    private const string FirstPage = "notebooks/00-start-here.ipynb";
    private const string CondaEnvironment = "imagegen";

    public static Command Create()
    {
        var noBrowser = new Option<bool>("--no-browser") { Description = "Print the address instead of opening it." };
        var port = new Option<int?>("--port") { Description = "The port to listen at; another free one is taken when "
            + "it is in use." };
        var lab =
            new Command("lab", "Opens the course in JupyterLab or Notebook, on this machine only.") { noBrowser, port };
        lab.SetAction((parsed, stop) => RunAsync(parsed.GetValue(noBrowser), parsed.GetValue(port), stop));
        return lab;
    }

    private static async Task<int> RunAsync(bool noBrowser, int? port, CancellationToken stop)
    {
        var program = FindOrInstall();
        // The kernel is known to this Jupyter alone; nothing is written outside the course.
        var data = Path.Combine(Folders.Root, "out", "jupyter");
        KernelSpec.Install(data);
        var start = new ProcessStartInfo(program[0], [.. program[1..], .. Arguments(program, noBrowser, port)]) { WorkingDirectory = Folders.Root };
        var known = Environment.GetEnvironmentVariable("JUPYTER_PATH");
        start.Environment["JUPYTER_PATH"] = string.IsNullOrEmpty(known) ? data : data + Path.PathSeparator + known;
        Console.WriteLine($"Opening the course with {Path.GetFileName(program[^1])}. Ctrl-C here ends it.");

        using var jupyter = Process.Start(start) ?? throw new CourseException($"{program[0]} did not start.");
        try { await jupyter.WaitForExitAsync(stop); }
        catch (OperationCanceledException)
        {
            // Ctrl-C went to Jupyter too, which asks back before it ends: the answer is yes.
            jupyter.Kill(entireProcessTree: false);
            await jupyter.WaitForExitAsync(CancellationToken.None);
            return 0;
        }
        return jupyter.ExitCode;
    }

    // The program and its first arguments; the last one names what is started.
    private static string[] FindOrInstall()
    {
        if (JupyterPrograms.Lab() is { } lab) return [lab];
        if (JupyterPrograms.Notebook() is { } notebook) return [notebook];
        if ((JupyterPrograms.Find("mamba", systemFirst: false) ?? JupyterPrograms.Find("conda", systemFirst: false)) is { } conda)
            return FromConda(conda);
        return [SystemPackages.Ensure(() => JupyterPrograms.Notebook(), "Jupyter", "jupyter-notebook", "jupyter-nbconvert")];
    }

    private static string[] FromConda(string conda)
    {
        string[] run = [conda, "run", "--no-capture-output", "-n", CondaEnvironment, "jupyter-lab"];
        using (var has = Process.Start(new ProcessStartInfo(conda, ["run", "-n", CondaEnvironment, "jupyter-lab", "--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!)
        {
            has.WaitForExit();
            if (has.ExitCode == 0) return run;
        }
        Console.WriteLine("Installing JupyterLab with conda, as environment.yml says …");
        using var create = Process.Start(
            new ProcessStartInfo(conda, ["env", "create", "-f", Path.Combine(Folders.Root, "environment.yml")]))!;
        create.WaitForExit();
        return create.ExitCode == 0
            ? run
            : throw new CourseException("conda could not make the environment of environment.yml; the lines above say "
                + "why.");
    }

    private static IEnumerable<string> Arguments(string[] program, bool noBrowser, int? port)
    {
        var isLab = program[^1].EndsWith("lab", StringComparison.Ordinal);
        // Notebook 6 has a server of its own; Notebook 7 and JupyterLab share one.
        var isClassic = !isLab && JupyterPrograms.Version(program[0]) is ['6' or '5', ..];
        var first = File.Exists(Path.Combine(Folders.Root, FirstPage)) ? FirstPage : "";
        var server = isClassic ? "NotebookApp" : "ServerApp";
        yield return $"--{server}.ip=127.0.0.1";
        yield return $"--{server}.{(isClassic ? "notebook_dir" : "root_dir")}={Folders.Root}";
        yield return isLab ? $"--LabApp.default_url=/lab/tree/{first}"
            : $"--{(isClassic ? server : "JupyterNotebookApp")}.default_url=/{(first.Length > 0 ? "notebooks/" + first : "tree")}";
        if (port is { } wanted) yield return $"--{server}.port={wanted}";
        if (noBrowser) yield return "--no-browser";
        if (Environment.UserName == "root") yield return "--allow-root";
    }
}

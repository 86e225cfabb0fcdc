using System.Diagnostics;
using System.Text.Json;
using ImageGen.Runtime;

namespace ImageGen.Bench;

/// <summary>
/// The notebook kernel through Jupyter's own client: start, trivial cells, a thousand of them, completion, the library's
/// first tensor. Beside it, in the same run, Python's kernel where there is one.
/// </summary>
internal static class KernelBench
{
    /// <summary>The archived kernel's program, beside which ours is to be timed; null for none.</summary>
    public static string? Peer { get; set; }

    private static string Kernel => Path.Combine(Folders.Root, "kernel", "bin", "ImageGen.Kernel.dll");

    /// <summary>Runs it.</summary>
    /// <exception cref="CourseException">Jupyter's client is missing.</exception>
    public static IReadOnlyList<Measurement> Run()
    {
        var folder = Directory.CreateTempSubdirectory("imagegen-bench-");
        try
        {
            var figures = Measure(folder.FullName);
            if (Peer is not null)
                return
                [
                    new("start to first result over .NET Interactive's", figures["first"], AtMost: 0.5),
                    new("#r of the library to first tensor, over its", figures["tensor"], AtMost: 1),
                    new("trivial cell over its", figures["trivial"], AtMost: 1),
                    new("memory over its", figures["memory"], AtMost: 1),
                ];
            var trivial = figures["trivial"];
            List<Measurement> measurements =
            [
                new("start to first result", figures["first"], "s", AtMost: 2.5),
                new("#r of the library to first tensor", figures["tensor"], "s", AtMost: 1),
                new("trivial cell, median of 1,000", 1000 * trivial, "ms", AtMost: 20),
                new("last 100 cells over first 100", figures["growth"], AtMost: 1.5),
                new("completion, warm, after 1,000 cells", figures["completion"], "s", AtMost: 0.4),
                new("memory after 1,000 cells", figures["memory"], "MB"),
            ];
            if (figures.TryGetValue("python", out var python)) measurements.Add(new("trivial cell over Python's kernel", trivial / python));
            return measurements;
        }
        finally { folder.Delete(recursive: true); }
    }

    private static Dictionary<string, double> Measure(string folder)
    {
        using (var install = Process.Start(new ProcessStartInfo("dotnet", [Kernel, "install", "--prefix", folder]) { RedirectStandardOutput = true })!)
            install.WaitForExit();
        if (Peer is not null) WriteSpec(Path.Combine(folder, "share", "jupyter", "kernels", "upstream"), Peer);
        var script = Path.Combine(folder, "kernel.py");
        using (var resource = typeof(KernelBench).Assembly.GetManifestResourceStream("kernel.py")!)
        using (var file = File.Create(script)) resource.CopyTo(file);

        // Debian's Python has Debian's jupyter-client; another one may come first on PATH.
        var python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        var start = new ProcessStartInfo(python, [script, Path.Combine(Folders.Root, "bin"), .. Peer is null ? [] : new[] { "peer" }]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["JUPYTER_PATH"] = Path.Combine(folder, "share", "jupyter");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, double>>(output.Trim().Split('\n')[^1])!
            : throw new CourseException("The kernel's benchmark needs Jupyter's client (on Debian or Ubuntu: sudo apt-get install jupyter-client); Python said: " + errors.Result.Trim().Split('\n')[^1]);
    }

    private static void WriteSpec(string folder, string program)
    {
        Directory.CreateDirectory(folder);
        string[] arguments = [program, "jupyter", "--default-kernel", "csharp", "{connection_file}", "--http-port-range", "2048-3000"];
        File.WriteAllText(Path.Combine(folder, "kernel.json"),
            JsonSerializer.Serialize(new { argv = arguments, display_name = ".NET Interactive", language = "C#" }));
    }
}

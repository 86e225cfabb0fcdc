using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Runtime;

namespace ImageGen.Tests.Jupyter;

/// <summary>The kernel as a .NET tool of its own: packed, installed from a folder, and a notebook that knows nothing of the course.</summary>
public sealed class KernelToolTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Packed_and_installed_it_runs_a_notebook_in_jupyter()
    {
        var (feed, tool, prefix) = (folder["feed"], folder["tool"], folder["environment"]);
        Run("dotnet", "pack", Path.Combine(Folders.Root, "kernel"), "--no-build", "--nologo", "-v", "quiet", "--output", feed);
        Run("dotnet", "tool", "install", "ImageGen.Kernel", "--tool-path", tool, "--add-source", feed);
        Assert.Contains("installed", Run(Path.Combine(tool, "csharp-kernel"), "install", "--prefix", prefix));

        using var jupyter = new RealJupyter();
        File.WriteAllText(folder["own.ipynb"], RealJupyter.NotebookOf("# Of its own", "var x = 20;", "x + 1", "typeof(Kernel).Assembly.Location"));
        var start = jupyter.Start(jupyter.NbConvert, folder.Path, "--to", "notebook", "--execute", "--output", "done", "own.ipynb");
        start.Environment["JUPYTER_PATH"] = Path.Combine(prefix, "share", "jupyter");
        Run(start);

        var cells = JsonNode.Parse(File.ReadAllText(folder["done.ipynb"]))!["cells"]!.AsArray();
        string Plain(int cell) => string.Concat(cells[cell]!["outputs"]![0]!["data"]!["text/plain"] switch
        {
            JsonArray lines => lines.Select(line => (string)line!),
            var text => [(string)text!],
        });
        Assert.Equal("21", Plain(2));
        Assert.StartsWith(tool, Plain(3));
    }

    private static string Run(string program, params string[] arguments) =>
        Run(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });

    private static string Run(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        return said;
    }
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Course.Setup;
using ImageGen.Kernel.Jupyter;

namespace ImageGen.Tests.Jupyter;

/// <summary>Debian's Jupyter programs with our kernel among theirs, installed if need be; nothing of the user's is touched.</summary>
public sealed class RealJupyter : IDisposable
{
    private readonly TemporaryFolder data = new();

    public RealJupyter()
    {
        NbConvert = SystemPackages.Ensure(() => JupyterPrograms.NbConvert(systemFirst: true), "Jupyter's nbconvert", "jupyter-nbconvert");
        Notebook = SystemPackages.Ensure(() => JupyterPrograms.Notebook(systemFirst: true), "Jupyter Notebook", "jupyter-notebook");
        KernelSpec.Install(data.Path);
    }

    public string NbConvert { get; }

    public string Notebook { get; }

    /// <summary>How to start one of the programs.</summary>
    public ProcessStartInfo Start(string program, string folder, params IEnumerable<string> arguments) => new(program, arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardError = true,
        RedirectStandardOutput = true,
        Environment = { ["JUPYTER_PATH"] = data.Path, ["JUPYTER_CONFIG_DIR"] = Path.Combine(data.Path, "config"), ["IPYTHONDIR"] = Path.Combine(data.Path, "ipython") },
    };

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit code and all it said.</returns>
    public (int Code, string Said) Run(string program, string folder, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Start(program, folder, arguments))!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    public void Dispose() => data.Dispose();

    /// <summary>A notebook of code cells, as a student would save it.</summary>
    public static string NotebookOf(params string[] cells) => new JsonObject
    {
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp", ["display_name"] = ".NET (C#)", ["language"] = "C#" } },
        ["cells"] = new JsonArray([.. cells.Select((code, i) => new JsonObject
        {
            ["cell_type"] = code.StartsWith("# ", StringComparison.Ordinal) ? "markdown" : "code",
            ["id"] = $"c{i}",
            ["metadata"] = new JsonObject { ["slideshow"] = new JsonObject { ["slide_type"] = "slide" } },
            ["source"] = code,
        }).Select(cell =>
        {
            if ((string?)cell["cell_type"] == "code") (cell["outputs"], cell["execution_count"]) = (new JsonArray(), null);
            return (JsonNode)cell;
        })]),
    }.ToJsonString();
}

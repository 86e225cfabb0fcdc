using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImageGen.Kernel.Jupyter;

/// <summary>The kernel's entry in Jupyter's list of kernels: a folder with kernel.json and two logos.</summary>
internal static class KernelSpec
{
    /// <summary>The name under which notebooks ask for it; .NET Interactive's, whose place it takes.</summary>
    public const string Name = ".net-csharp";

    /// <summary>The name that people see.</summary>
    public const string DisplayName = ".NET (C#)";

    private const string Owner = "imagegen";
    private const string SetAside = Name + ".replaced";

    private static readonly string[] Logos = ["logo-32x32.png", "logo-64x64.png"];

    /// <summary>The data folder of a user, where Jupyter looks first.</summary>
    public static string UserFolder =>
        Variable("JUPYTER_DATA_DIR") is { } own ? own
        : OperatingSystem.IsMacOS() ? Path.Combine(UserHome.Folder, "Library", "Jupyter")
        : OperatingSystem.IsWindows() ? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
        : Path.Combine(DataHome ?? Path.Combine(UserHome.Folder, ".local", "share"), "jupyter");

    /// <summary>The data folder of an installation of Python or conda.</summary>
    public static string PrefixFolder(string prefix) => Path.Combine(Path.GetFullPath(prefix), "share", "jupyter");

    /// <summary>Adds the kernel to a data folder of Jupyter's.</summary>
    /// <returns>The folder it lies in, and whether another kernel of this name was set aside.</returns>
    /// <exception cref="NotebookException">The folder cannot be written.</exception>
    public static (string Folder, bool Replaced) Install(string dataFolder)
    {
        var kernels = Path.Combine(dataFolder, "kernels");
        var folder = Path.Combine(kernels, Name);
        try
        {
            Directory.CreateDirectory(kernels);
            var part =
                Directory.CreateDirectory(Path.Combine(kernels, $"{Name}.{Environment.ProcessId}.part")).FullName;
            File.WriteAllText(
                Path.Combine(part, "kernel.json"),
                Json().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
            foreach (var logo in Logos) WriteResource(logo, Path.Combine(part, logo));

            var replaced = Directory.Exists(folder) && !IsOurs(folder);
            if (replaced && !Directory.Exists(Path.Combine(kernels, SetAside)))
                Directory.Move(folder, Path.Combine(kernels, SetAside));
            else if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            Directory.Move(part, folder);
            return (folder, replaced);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"The kernel cannot be installed in {kernels}: {error.Message} Choose a "
                + $"folder of yours with --prefix DIR, or use --user.", error);
        }
    }

    /// <summary>Removes the kernel from a data folder and puts back what it took the place of.</summary>
    /// <returns>The folder it lay in; null when it was not there.</returns>
    public static string? Uninstall(string dataFolder)
    {
        var kernels = Path.Combine(dataFolder, "kernels");
        var folder = Path.Combine(kernels, Name);
        if (!Directory.Exists(folder) || !IsOurs(folder)) return null;
        Directory.Delete(folder, recursive: true);
        if (Directory.Exists(Path.Combine(kernels, SetAside))) Directory.Move(Path.Combine(kernels, SetAside), folder);
        return folder;
    }

    private static JsonObject Json() => new()
    {
        ["argv"] = new JsonArray(DotNet(), typeof(KernelSpec).Assembly.Location, "start", "{connection_file}"),
        ["display_name"] = DisplayName,
        ["language"] = "C#",
        ["interrupt_mode"] = "message",
        ["env"] = new JsonObject
        {
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        },
        ["metadata"] = new JsonObject { ["owner"] = Owner, ["debugger"] = false },
    };

    private static void WriteResource(string name, string path)
    {
        using var resource = typeof(KernelSpec).Assembly.GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        resource.CopyTo(file);
    }

    // The very runtime that runs now: a front end may start kernels with another PATH.
    private static string DotNet()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(beside) ? beside : name;
    }

    private static bool IsOurs(string folder)
    {
        try { return (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "kernel.json")))?["metadata"]?["owner"] == Owner; }
        catch (Exception error) when (error is IOException or JsonException or InvalidOperationException) { return false; }
    }

    // What is relative is to be ignored, says the specification: it would be another folder for each program.
    private static string? DataHome => Variable("XDG_DATA_HOME") is { } folder && Path.IsPathRooted(folder) ? folder : null;

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

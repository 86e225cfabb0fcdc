using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security;
using System.Text.Json;

namespace ImageGen.Kernel.Engine;

/// <summary>Restores the packages that cells ask for with <c>#r "nuget: …"</c>, all of a notebook together.</summary>
internal sealed class NuGetPackages(string notebookFolder) : IDisposable
{
    private readonly List<(string Name, string Version)> packages = [];
    private readonly List<string> sources = [];
    private string? workFolder;

    /// <summary>Where packages are kept: NUGET_PACKAGES, else the user's own folder.</summary>
    public static string CacheFolder => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Combine(UserHome.Folder, ".nuget", "packages");

    /// <summary>Files for notebooks that the packages brought and that nobody has run.</summary>
    public Queue<string> Extensions { get; } = [];

    /// <summary>Adds a package source, as <c>#i "nuget: FOLDER-OR-URL"</c> does.</summary>
    public void AddSource(string source) =>
        sources.Add(source.Contains("://") ? source : Path.GetFullPath(source, notebookFolder));

    /// <summary>
    /// Restores <paramref name="request"/> with all packages before it, and makes its files loadable.
    /// </summary>
    /// <param name="request">
    /// As in the cell, for example <c>Humanizer.Core, 3.0.1</c>; without a version, the newest.
    /// </param>
    /// <param name="cancellationToken">Stops the restore.</param>
    /// <returns>The files to compile against.</returns>
    /// <exception cref="NotebookException">There is no such package, or its source could not be reached.</exception>
    public async Task<IReadOnlyList<string>> RestoreAsync(string request, CancellationToken cancellationToken)
    {
        var (name, version) = request.Split(',', 2, StringSplitOptions.TrimEntries) is [var first, var second]
            ? (first, second)
            : (request, "*");
        if (name.Length == 0)
            throw new NotebookException("#r \"nuget: …\" needs a package's name, for example #r \"nuget: "
                + "Humanizer.Core, 3.0.1\".");
        packages.RemoveAll(package => package.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        packages.Add((name, version));

        var folder = workFolder ??= Directory.CreateTempSubdirectory("imagegen-nuget-").FullName;
        WriteProject(folder);
        var (exitCode, output) = await RunRestoreAsync(folder, cancellationToken);
        if (exitCode != 0)
        {
            packages.RemoveAll(package => package.Name == name);
            throw new NotebookException($"The package '{request}' could not be restored: {FirstError(output)}");
        }
        return Register(Path.Combine(folder, "obj", "project.assets.json"), folder);
    }

    public void Dispose()
    {
        try { if (workFolder is not null) Directory.Delete(workFolder, recursive: true); }
        catch (IOException) { } // A library still mapped (Windows); the system clears its temporary folder.
        catch (UnauthorizedAccessException) { }
    }

    // Empty props and targets keep a repository's own settings away from the generated project.
    private void WriteProject(string folder)
    {
        foreach (var file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props" })
            File.WriteAllText(Path.Combine(folder, file), "<Project />");
        var references = packages.Select(p => $"""    <PackageReference Include="{SecurityElement.Escape(p.Name)}" Version="{SecurityElement.Escape(p.Version)}" />""");
        var config = ConfigFile() is { } found
            ? $"<RestoreConfigFile>{SecurityElement.Escape(found)}</RestoreConfigFile>"
            : "";
        File.WriteAllText(Path.Combine(folder, "packages.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <RuntimeIdentifier>{RuntimeInformation.RuntimeIdentifier}</RuntimeIdentifier>
                <SelfContained>false</SelfContained>
                <NuGetAudit>false</NuGetAudit>
                <RestoreAdditionalProjectSources>{SecurityElement.Escape(string.Join(';', sources))}</RestoreAdditionalProjectSources>
                {config}
              </PropertyGroup>
              <ItemGroup>
            {string.Join('\n', references)}
              </ItemGroup>
            </Project>
            """);
    }

    // A nuget.config counts for the notebooks below it, as it does for projects.
    private string? ConfigFile()
    {
        for (var folder = notebookFolder; folder is not null; folder = Path.GetDirectoryName(folder))
            foreach (var name in new[] { "nuget.config", "NuGet.config", "NuGet.Config" })
                if (File.Exists(Path.Combine(folder, name))) return Path.Combine(folder, name);
        return null;
    }

    private static async Task<(int ExitCode, string Output)> RunRestoreAsync(
        string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", "packages.csproj", "--nologo", "-v", "quiet"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var restore = Process.Start(start) ?? throw new NotebookException("The dotnet command did not start.");
        restore.StandardInput.Close();
        var output = restore.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = restore.StandardError.ReadToEndAsync(cancellationToken);
        try { await restore.WaitForExitAsync(cancellationToken); }
        catch (OperationCanceledException) { restore.Kill(entireProcessTree: true); throw; }
        return (restore.ExitCode, await output + await errors);
    }

    private static string FirstError(string output)
    {
        var line = output.Split('\n').FirstOrDefault(l => l.Contains("error ", StringComparison.OrdinalIgnoreCase))?.Trim() ?? "see dotnet restore";
        var message = line[(line.IndexOf("error ", StringComparison.OrdinalIgnoreCase) + 6)..];
        return message.LastIndexOf(" [", StringComparison.Ordinal) is > 0 and var end ? message[..end] : message;
    }

    private List<string> Register(string assetsFile, string folder)
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(assetsFile));
        var root = assets.RootElement;
        var target = root.GetProperty("targets").EnumerateObject().Single(t => t.Name.Contains('/'));
        string[] roots = [.. root.GetProperty("packageFolders").EnumerateObject().Select(f => f.Name)];
        var (compile, natives) = (new List<string>(), new List<string>());
        foreach (var library in target.Value.EnumerateObject())
        {
            if (!root.GetProperty("libraries").GetProperty(library.Name).TryGetProperty("path", out var path)) continue;
            compile.AddRange(Files("compile"));
            foreach (var file in Files("runtime")) KnownFiles.AddManaged(file);
            natives.AddRange(Files("native"));
            foreach (var package in roots.Select(r => Path.Combine(r, path.GetString()!)))
                foreach (var extension in PackageExtensions.In(package)) Extensions.Enqueue(extension);

            IEnumerable<string> Files(string kind) =>
                !library.Value.TryGetProperty(kind, out var files) ? [] : files.EnumerateObject()
                .Where(f => !f.Name.EndsWith("/_._", StringComparison.Ordinal))
                .Select(f => roots.Select(r => Path.Combine(r, path.GetString()!, f.Name)).FirstOrDefault(File.Exists))
                .OfType<string>();
        }
        PlaceTogether(natives, Directory.CreateDirectory(Path.Combine(folder, "native")).FullName);
        return compile;
    }

    // Native libraries look for each other in their own folder ($ORIGIN), and packages spread them over several.
    private static void PlaceTogether(IEnumerable<string> natives, string folder)
    {
        foreach (var native in natives)
        {
            var placed = Path.Combine(folder, Path.GetFileName(native));
            if (!File.Exists(placed))
            {
                if (Path.GetFileName(native) == "libLibTorchSharp.so")
                    File.WriteAllBytes(placed, ElfVersionNeeds.Weaken(File.ReadAllBytes(native), "GLIBCXX_3.4.32"));
                else if (OperatingSystem.IsLinux()) File.CreateSymbolicLink(placed, native);
                else File.Copy(native, placed);
            }
            KnownFiles.AddNative(placed);
        }
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;

namespace ImageGen.Kernel.Engine;

/// <summary>The files that a referenced DLL needs: those beside it, and those its deps.json names.</summary>
internal static class NeighborFiles
{
    /// <summary>Makes everything that <paramref name="dll"/> needs loadable.</summary>
    public static void Register(string dll)
    {
        var folder = Path.GetDirectoryName(dll)!;
        KnownFiles.AddManaged(dll);
        if (Path.ChangeExtension(dll, ".deps.json") is var deps && File.Exists(deps)) RegisterDeps(deps, folder);
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (IsNative(file)) KnownFiles.AddNative(file);
            else if (Path.GetExtension(file) == ".dll") KnownFiles.AddManaged(file);
        }
    }

    private static bool IsNative(string file) => Path.GetFileName(file) is var name
       
           
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                           
                                                               
                                                                    && (
                                                                        name.EndsWith(".so", StringComparison.Ordinal)
                                                                            || name.Contains(".so.")
                                                                               
                                                                                   
                                                                                        || name.EndsWith(
                                                                                            ".dylib",
                                                                                            StringComparison.Ordinal));

    // deps.json: targets → the platform → package → "runtime", "native" (or "runtimeTargets" with their platforms).
    private static void RegisterDeps(string depsFile, string folder)
    {
        using var deps = JsonDocument.Parse(File.ReadAllBytes(depsFile));
        var root = deps.RootElement;
        var target = root.GetProperty("runtimeTarget").GetProperty("name").GetString()!;
        if (!root.GetProperty("targets").TryGetProperty(target, out var libraries)) return;
        foreach (var library in libraries.EnumerateObject())
        {
            var package = PackageFolder(root, library.Name);
            foreach (var (kind, asset) in Assets(library.Value))
            {
                string?[] places = [Path.Combine(folder, Path.GetFileName(asset)), Path.Combine(folder, asset), package is null ? null : Path.Combine(package, asset)];
                if (places.FirstOrDefault(File.Exists) is not { } file) continue;
                if (kind == "native") KnownFiles.AddNative(file);
                else KnownFiles.AddManaged(file);
            }
        }
    }

    private static IEnumerable<(string Kind, string Asset)> Assets(JsonElement library)
    {
        foreach (var kind in new[] { "runtime", "native" })
            if (library.TryGetProperty(kind, out var assets))
                foreach (var asset in assets.EnumerateObject()) yield return (kind, asset.Name);
        if (!library.TryGetProperty("runtimeTargets", out var targets)) yield break;
        var fitting = targets.EnumerateObject().Select(asset => (
                asset.Name,
                Kind: asset.Value.GetProperty("assetType").GetString()!,
                Rank: Array.IndexOf(Platforms, asset.Value.GetProperty("rid").GetString())))
            .Where(asset => asset.Rank >= 0).OrderBy(asset => asset.Rank);
        foreach (var asset in fitting) yield return (asset.Kind, asset.Name);
    }

    // From the most exact name of this platform to the least.
    private static readonly string[] Platforms =
        OperatingSystem.IsWindows() ? [RuntimeInformation.RuntimeIdentifier, "win"]
        : OperatingSystem.IsMacOS() ? [RuntimeInformation.RuntimeIdentifier, "osx", "unix"]
        : [RuntimeInformation.RuntimeIdentifier, $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}", "linux", "unix"];

    private static string? PackageFolder(JsonElement root, string library) =>
        root.TryGetProperty("libraries", out var all) && all.TryGetProperty(library, out var entry)
            && entry.TryGetProperty("path", out var path)
            ? Path.Combine(NuGetPackages.CacheFolder, path.GetString()!)
            : null;
}

using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Where the assemblies and native libraries that cells reference lie, so that the runtime finds them when it first
/// needs them. One for the process: assemblies are loaded into the default context, once each.
/// </summary>
internal static class KnownFiles
{
    private static readonly ConcurrentDictionary<string, string> Managed = new(StringComparer.OrdinalIgnoreCase);
    private static readonly ConcurrentDictionary<string, string> Native = new(StringComparer.OrdinalIgnoreCase);
    private static readonly Dictionary<string, string> Host = ReadHost();

    static KnownFiles()
    {
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Managed.TryGetValue(name.Name ?? "", out var path) ? context.LoadFromAssemblyPath(path) : null;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => LoadNative(name);
    }

    /// <summary>
    /// The file of an assembly that this process already has, ImageGen.Lib and TorchSharp among them.
    /// </summary>
    public static string? HostFile(string simpleName) => Host.GetValueOrDefault(simpleName);

    /// <summary>The file of an assembly, the host's own before those that cells brought.</summary>
    public static string? Find(string simpleName) => HostFile(simpleName) ?? Managed.GetValueOrDefault(simpleName);

    /// <summary>Every assembly of the .NET runtime itself.</summary>
    public static IEnumerable<string> Framework()
    {
        var folder = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Host.Values.Where(path => Path.GetDirectoryName(path) == folder);
    }

    /// <summary>
    /// Makes an assembly loadable by its name. The first file of a name stays: a process loads it only once.
    /// </summary>
    public static void AddManaged(string path) => Managed.TryAdd(Path.GetFileNameWithoutExtension(path), path);

    /// <summary>Makes a native library loadable by its name.</summary>
    public static void AddNative(string path) => Native.TryAdd(Path.GetFileName(path), path);

    private static nint LoadNative(string name)
    {
        string[] spellings = OperatingSystem.IsWindows() ? [name, $"{name}.dll"]
            : OperatingSystem.IsMacOS() ? [name, $"lib{name}.dylib", $"{name}.dylib"]
            : [name, $"lib{name}.so", $"{name}.so"];
        foreach (var spelling in spellings)
            if (Native.TryGetValue(spelling, out var path) && NativeLibrary.TryLoad(path, out var handle))
                return handle;
        return 0;
    }

    private static Dictionary<string, string> ReadHost()
    {
        var files = (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var host = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in files) host.TryAdd(Path.GetFileNameWithoutExtension(file), file);
        return host;
    }
}

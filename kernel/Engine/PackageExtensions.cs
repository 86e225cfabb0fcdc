using System.Reflection;
using System.Runtime.Loader;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// What packages bring for notebooks, in the folder where .NET Interactive looks for it: assemblies whose extension types
/// register formatters, and a script, <c>extension.dib</c>, that runs as a cell does.
/// </summary>
internal static class PackageExtensions
{
    private const string ExtensionType = "Microsoft.DotNet.Interactive.IKernelExtension";

    private static readonly HashSet<string> Loaded = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The files of a package that were made for notebooks, those not loaded in this process so far.</summary>
    /// <param name="package">The folder of one version of it.</param>
    public static IEnumerable<string> In(string package)
    {
        var folder = Path.Combine(package, "interactive-extensions", "dotnet");
        if (!Directory.Exists(folder)) return [];
        string[] files = [.. Directory.GetFiles(folder, "*.dll"), .. Directory.GetFiles(folder, "extension.dib")];
        foreach (var file in files) KnownFiles.AddManaged(file);
        lock (Loaded) return [.. files.Where(Loaded.Add)];
    }

    /// <summary>Runs the extension types of an assembly, as .NET Interactive does, but without a kernel of its own to give them.</summary>
    public static async Task RunAsync(string assembly)
    {
        foreach (var type in TypesOf(AssemblyLoadContext.Default.LoadFromAssemblyPath(assembly)))
        {
            if (type.IsAbstract || !type.GetInterfaces().Any(i => i.FullName == ExtensionType)) continue;
            var load = type.GetMethod("OnLoadAsync") ?? type.GetInterface(ExtensionType)!.GetMethod("OnLoadAsync")!;
            if (load.Invoke(Activator.CreateInstance(type), [null]) is Task task) await task;
        }
    }

    /// <summary>The cells of a script: all of it but the head, in which .NET Interactive keeps its own notes.</summary>
    public static string Cells(string script)
    {
        var lines = File.ReadAllText(script).ReplaceLineEndings("\n").Split('\n');
        if (lines.FirstOrDefault()?.StartsWith("#!meta", StringComparison.Ordinal) != true) return string.Join('\n', lines);
        return string.Join('\n', lines.Skip(1).SkipWhile(line => !line.StartsWith("#!", StringComparison.Ordinal)));
    }

    // A type may need what is not there; the others are there all the same.
    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try { return assembly.GetExportedTypes(); }
        catch (ReflectionTypeLoadException error) { return error.Types.OfType<Type>(); }
    }
}

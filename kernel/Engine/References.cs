using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;

namespace ImageGen.Kernel.Engine;

/// <summary>What cells compile against. Each file is read once and its metadata shared by all cells.</summary>
internal sealed class References(string folder) : MetadataReferenceResolver, IDisposable
{
    private readonly Dictionary<string, PortableExecutableReference> read = [];
    private readonly NuGetPackages packages = new(folder);

    /// <summary>Files for notebooks that packages brought and that nobody has run.</summary>
    public Queue<string> Extensions => packages.Extensions;

    /// <summary>The .NET runtime and the names of .NET Interactive.</summary>
    public IEnumerable<MetadataReference> Default() =>
        [.. KnownFiles.Framework().Select(Reference), Reference(typeof(References).Assembly.Location),
            Reference(KnownFiles.HostFile("Microsoft.DotNet.Interactive.Formatting")!),
            Reference(KnownFiles.HostFile("Microsoft.AspNetCore.Html.Abstractions")!)];

    /// <summary>Finds what a <c>#r</c> line asks for and makes it loadable.</summary>
    /// <exception cref="NotebookException">
    /// There is no such file or package, or the file is not a .NET assembly.
    /// </exception>
    public async Task<IReadOnlyList<MetadataReference>> AddAsync(
        ReferenceRequest request, CancellationToken cancellationToken)
    {
        if (request.Text.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase))
        {
            var package = request.Text["nuget:".Length..].Trim();
            if (!request.IsSource) return [.. (await packages.RestoreAsync(package, cancellationToken)).Where(IsNotOurs).Select(ReferenceTo)];
            packages.AddSource(package);
            return [];
        }
        if (request.IsSource)
            throw new NotebookException($"#i \"{request.Text}\" is not known: write #i \"nuget: FOLDER-OR-ADDRESS\" "
                + $"to add a package source.");
        return [ReferenceTo(File_(request.Text))];
    }

    /// <summary>For <c>#r</c> inside a loaded script, which Roslyn reads itself.</summary>
    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        var request = new ReferenceRequest(reference, Line: 1, IsSource: false);
        return [.. AddAsync(request, CancellationToken.None).GetAwaiter().GetResult().Cast<PortableExecutableReference>()];
    }

    public override bool ResolveMissingAssemblies => true;

    /// <summary>For an assembly that a referenced one mentions: Roslyn asks when a cell's code touches it.</summary>
    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity identity) =>
        KnownFiles.Find(identity.Name) is { } file && IsNotOurs(file) ? Reference(file) : null;

    public void Dispose() => packages.Dispose();

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    private string File_(string text)
    {
        var file = Path.GetFullPath(text, folder);
        if (File.Exists(file))
        {
            try { AssemblyName.GetAssemblyName(file); }
            catch (BadImageFormatException) { throw new NotebookException($"#r \"{text}\": this file is not a .NET "
                + $"assembly."); }
            NeighborFiles.Register(file);
            return file;
        }
        // `#r "System.Net.Http"` names an assembly rather than a file.
        return KnownFiles.Find(text) ?? throw new NotebookException(
            $"#r \"{text}\": there is no such file (looked for {file}). Build the project that makes it, or correct "
                + $"the path.");
    }

    // Its public names are this kernel's own: seen twice, each would be ambiguous.
    private static bool IsNotOurs(string file) => Path.GetFileName(file) != "Microsoft.DotNet.Interactive.dll";

    // A process has each assembly once: what the host brings is compiled against as the host has it.
    private MetadataReference ReferenceTo(string file) =>
        Reference(KnownFiles.HostFile(Path.GetFileNameWithoutExtension(file)) ?? file);

    // Without a path, so that Roslyn's loader leaves finding the assembly to the runtime and to KnownFiles.
    private PortableExecutableReference Reference(string file)
    {
        if (read.TryGetValue(file, out var known)) return known;
        return read[file] = AssemblyMetadata.CreateFromFile(file).GetReference(display: Path.GetFileName(file));
    }
}

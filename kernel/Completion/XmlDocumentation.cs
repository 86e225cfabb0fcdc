using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;

namespace ImageGen.Kernel.Completion;

/// <summary>
/// Finds a symbol's documentation: in the XML file beside its assembly, or, for .NET itself, in the SDK's reference
/// packs. The files are searched as bytes, which takes milliseconds and keeps nothing in memory.
/// </summary>
internal static class XmlDocumentation
{
    private static readonly ConcurrentDictionary<string, IReadOnlyList<string>> Files = [];
    private static readonly Lazy<string[]> Packs = new(FindPacks);

    /// <summary>
    /// The <c>member</c> element of <paramref name="symbol"/>, its own or the one it inherits; null when there is none.
    /// </summary>
    public static XElement? Of(ISymbol symbol)
    {
        symbol = (symbol is IMethodSymbol { ReducedFrom: { } extension } ? extension : symbol).OriginalDefinition;
        var element = Find(symbol);
        return element is null || element.Elements("inheritdoc").Any()
            ? Ancestors(symbol).Select(Of).FirstOrDefault(found => found is not null) ?? element
            : element;
    }

    private static XElement? Find(ISymbol symbol)
    {
        if (symbol.GetDocumentationCommentId() is not { } id || symbol.ContainingAssembly is not { } assembly)
            return null;
        var start = Encoding.UTF8.GetBytes($"<member name=\"{id}\">");
        foreach (var file in Files.GetOrAdd(assembly.Name, FilesOf))
        {
            var bytes = File.ReadAllBytes(file).AsSpan();
            var at = bytes.IndexOf(start);
            if (at < 0) continue;
            var end = bytes[at..].IndexOf("</member>"u8);
            if (end < 0) continue;
            try { return XElement.Parse(Encoding.UTF8.GetString(bytes.Slice(at, end + "</member>".Length)), LoadOptions.PreserveWhitespace); }
            catch (XmlException) { return null; }
        }
        return null;
    }

    private static IEnumerable<ISymbol> Ancestors(ISymbol symbol) => symbol switch
    {
        IMethodSymbol { OverriddenMethod: { } method } => [method],
        IPropertySymbol { OverriddenProperty: { } property } => [property],
        INamedTypeSymbol { BaseType: { SpecialType: SpecialType.None } type } named => [type, .. named.Interfaces],
        _ when symbol.ContainingType is { TypeKind: not TypeKind.Interface } type =>
            type.AllInterfaces.SelectMany(i => i.GetMembers())
            .Where(
                member =>
                    SymbolEqualityComparer.Default.Equals(type.FindImplementationForInterfaceMember(member), symbol)),
        _ => [],
    };

    private static IReadOnlyList<string> FilesOf(string assembly)
    {
        if (KnownFiles.Find(assembly) is { } path && Path.ChangeExtension(path, ".xml") is var beside
            && File.Exists(beside))
            return [beside];
        if (!assembly.StartsWith("System", StringComparison.Ordinal)
            && !assembly.StartsWith("Microsoft", StringComparison.Ordinal))
            return [];
        // Documentation is filed under the assembly that programs refer to, which is often not the one that holds the
        // code.
        string[] likely = [assembly + ".xml", "System.Runtime.xml", "System.Collections.xml", "System.Console.xml", "System.Linq.xml", "System.Threading.xml",
            "System.Runtime.Extensions.xml", "System.Runtime.InteropServices.xml", "System.Memory.xml"];
        return [.. Packs.Value.SelectMany(pack => likely.Distinct().Select(name => Path.Combine(pack, name))).Where(File.Exists)];
    }

    private static string[] FindPacks()
    {
        var packs = Path.GetFullPath(
            Path.Combine(
                RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref"));
        if (!Directory.Exists(packs)) return [];
        return [.. Directory.EnumerateDirectories(packs).OrderDescending(StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "ref", $"net{Environment.Version.Major}.0"))
                .Where(Directory.Exists).Take(1)];
    }
}

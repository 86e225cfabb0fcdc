using ImageGen.Kernel;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using ImageGen.Runtime;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Course.Checking;

/// <summary>
/// Code that our kernel runs and the archived .NET Interactive does not, or not in the same way. Notebooks are to run
/// on both; docs/two-kernels.md has the list for people.
/// </summary>
internal static class UpstreamChecks
{
    // .NET Interactive's last state compiles with Roslyn 5.0, whose newest version of C# this is.
    private const LanguageVersion Newest = LanguageVersion.CSharp14;
    private const string Namespace = "Microsoft.DotNet.Interactive";

    // "Feature is not available in C# n", for every n since there are such features.
    private static readonly HashSet<string> NotAvailable =
        ["CS8022", "CS8023", "CS8024", "CS8025", "CS8026", "CS8059", "CS8107", "CS8302", "CS8320", "CS8370", "CS8400", "CS8652", "CS8773", "CS8936", "CS9058", "CS9202", "CS9260", "CS9327"];

    // Ours opens the namespaces of these by itself.
    private static readonly Dictionary<string, string> Unopened = new()
    {
        ["KernelInvocationContext"] = Namespace, ["DisplayedValue"] = Namespace + ".Formatting", ["Formatter"] = Namespace + ".Formatting",
    };

    private static readonly CSharpCompilationOptions Options = new(
        OutputKind.DynamicallyLinkedLibrary, usings: ["System", "System.Collections.Generic", "System.Linq"]);

    private static readonly PortableExecutableReference[] Framework =
        [.. new[] { typeof(object), typeof(Enumerable), typeof(Console), typeof(List<>) }.Select(type => type.Assembly.Location).Distinct().Select(file => MetadataReference.CreateFromFile(file))];

    /// <summary>What of a notebook's code runs on our kernel only.</summary>
    public static IEnumerable<Finding> Run(CheckedNotebook notebook)
    {
        var opened = new HashSet<string>();
        foreach (var (cell, place) in notebook.Code)
            foreach (var (what, remedy) in Faults(cell.Source, opened))
                yield return notebook.Found($"{what}, so that it does not run on .NET Interactive", remedy, place);
    }

    /// <summary>What is wrong with one cell.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="opened">The namespaces that cells before it opened; those of this one are added.</param>
    internal static IEnumerable<(string What, string Remedy)> Faults(string code, HashSet<string> opened)
    {
        string text;
        try { text = string.Join("\n", CellParser.Parse(code).Where(part => part.Language == CellLanguage.CSharp).Select(part => part.Text)); }
        catch (NotebookException error) { return [(error.Message.Split(" in line ")[0], "Use a line that both kernels "
            + "have")]; }
        var root = CSharpSyntaxTree.ParseText(text, CellParser.Options).GetCompilationUnitRoot();
        opened.UnionWith(root.Usings.Where(u => u.Alias is null).Select(u => $"{u.NamespaceOrType}"));
        return [.. Language(text), .. Script(root), .. Names(root, opened), .. Updates(root), .. Nullable(root)];
    }

    private static IEnumerable<(string, string)> Language(string text)
    {
        var tree = CSharpSyntaxTree.ParseText(text, CellParser.Options.WithLanguageVersion(Newest));
        var compilation = CSharpCompilation.CreateScriptCompilation("cell", tree, Framework, Options);
        if (compilation.GetDiagnostics().FirstOrDefault(d => NotAvailable.Contains(d.Id)) is { } error)
            yield return (
                $"it needs a newer C# ({error.GetMessage().Split(". Please")[0].TrimEnd('.')})",
                $"Write it in C# {Newest.ToDisplayString()}");
    }

    private static IEnumerable<(string, string)> Script(CompilationUnitSyntax root)
    {
        if (root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().Any())
            yield return ("it declares a namespace", "Declare the types alone");
        if (root.DescendantNodes().OfType<ExtensionBlockDeclarationSyntax>().Any())
            yield return ("it has an extension block, which no cell can hold", "Write an extension method, with "
                + "`this`");
        // `using var x` and `using Stream x`: unlike a directive, two names in a row.
        if (root.DescendantTokens().Any(token => token.IsKind(SyntaxKind.UsingKeyword) && token.Parent?.FirstAncestorOrSelf<BlockSyntax>() is null
            && token.GetNextToken(includeSkipped: true) is { RawKind: (int)SyntaxKind.IdentifierToken } type
                && type.GetNextToken(includeSkipped: true).IsKind(SyntaxKind.IdentifierToken)))
            yield return ("it has `using var` outside of a block", "Put it into a block or a function");
    }

    private static IEnumerable<(string, string)> Names(CompilationUnitSyntax root, HashSet<string> opened)
    {
        var names = root.DescendantNodes().OfType<IdentifierNameSyntax>().ToArray();
        foreach (var name in names.Where(n => !IsQualified(n)).Select(n => n.Identifier.ValueText).Distinct())
            if (Unopened.TryGetValue(name, out var needed) && !opened.Contains(needed))
                yield return (
                    $"it uses {name} without `using {needed};`, which only our kernel opens by itself",
                    "Open the namespace in the notebook");
        if (names.Any(n => n is { Identifier.ValueText: "ClearOutput", Parent: MemberAccessExpressionSyntax }))
            yield return ("it calls ClearOutput, which only our kernel has", "Show a value once and call Update on "
                + "what KernelInvocationContext.Current.Display returns");
        if (root.DescendantNodes().OfType<MemberAccessExpressionSyntax>().Any(m => m is { Expression: IdentifierNameSyntax { Identifier.ValueText: "Console" }, Name.Identifier.ValueText: "ReadLine" or "ReadKey" or "Read" or "In" }))
            yield return ("it reads from the console, which only our kernel makes a question", "Ask for a value in a "
                + "variable instead");
        if (names.Any(n => n.Identifier.ValueText == "ImageGen" && n.Parent?.ToString() == "ImageGen.Kernel"))
            yield return ("it names the kernel's own code, which only our kernel has", "Use the library");
    }

    // display(x).Update(y), or the same through a variable.
    private static IEnumerable<(string, string)> Updates(CompilationUnitSyntax root)
    {
        var shown = root.DescendantNodes().OfType<VariableDeclaratorSyntax>().Where(
            v => v.Initializer is { Value: var value }
                && IsDisplay(value)).Select(v => v.Identifier.ValueText).ToHashSet();
        if (root.DescendantNodes().OfType<MemberAccessExpressionSyntax>().Any(m => m.Name.Identifier.ValueText == "Update"
           
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                            && (
                                                                IsDisplay(m.Expression)
                                                                    || m.Expression is IdentifierNameSyntax variable
                                                                       
                                                                           
                                                                                && shown.Contains(
                                                                                    variable.Identifier.ValueText))))
            yield return (
                "it updates what display(…) returned, which shows nothing there",
                "Use KernelInvocationContext.Current.Display(…), whose result can be updated on both kernels");
    }

    private static bool IsDisplay(ExpressionSyntax expression) =>
        expression is InvocationExpressionSyntax call && call.Expression switch
    {
        IdentifierNameSyntax { Identifier.ValueText: "display" } => true,
        MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Display" or "DisplayAs" } member =>
            !member.Expression.ToString().EndsWith("KernelInvocationContext.Current", StringComparison.Ordinal),
        _ => false,
    };

    // Whether a name is a class can be said of C#'s own and of the library's; of others the compiler there will tell.
    private static IEnumerable<(string, string)> Nullable(CompilationUnitSyntax root)
    {
        if (root.DescendantTrivia().Any(trivia => trivia.IsKind(SyntaxKind.NullableDirectiveTrivia))) yield break;
        var declared = root.DescendantNodes().OfType<TypeDeclarationSyntax>().Where(
            t => t is ClassDeclarationSyntax or InterfaceDeclarationSyntax
                || t.IsKind(SyntaxKind.RecordDeclaration)).Select(t => t.Identifier.ValueText);
        var classes = Classes.Value.Concat(declared).ToHashSet();
        foreach (var type in root.DescendantNodes().OfType<NullableTypeSyntax>())
            if (type.ElementType is ArrayTypeSyntax or PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.StringKeyword or (int)SyntaxKind.ObjectKeyword }
                || type.ElementType is SimpleNameSyntax name && classes.Contains(name.Identifier.ValueText))
            {
                yield return (
                    $"it writes {type}, for which .NET Interactive prints a warning",
                    $"Write {type.ElementType}, or begin the cell with #nullable enable");
                yield break;
            }
    }

    private static readonly Lazy<HashSet<string>> Classes = new(() =>
    {
        var types =
            new[] { typeof(Folders).Assembly, typeof(TorchSharp.torch).Assembly, typeof(object).Assembly }.SelectMany(
                assembly =>
                    assembly.GetExportedTypes()).ToLookup(type => type.IsValueType, type => type.Name.Split('`')[0]);
        return [.. types[false].Except(types[true])];
    });

    private static bool IsQualified(IdentifierNameSyntax name) => name.Parent switch
    {
        QualifiedNameSyntax qualified => qualified.Right == name,
        MemberAccessExpressionSyntax access => access.Name == name,
        _ => false,
    };
}

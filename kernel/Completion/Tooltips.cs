using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Kernel.Completion;

/// <summary>What stands at the cursor: its signature and its documentation.</summary>
internal static class Tooltips
{
    private const int MostOverloads = 6, Widest = 72;

    private static readonly SymbolDisplayFormat Format = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeTypeConstraints,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeContainingType | SymbolDisplayMemberOptions.IncludeConstantValue,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue
            | SymbolDisplayParameterOptions.IncludeParamsRefOut | SymbolDisplayParameterOptions.IncludeExtensionThis,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        localOptions: SymbolDisplayLocalOptions.IncludeType,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeNamespaceKeyword,
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.AllowDefaultLiteral | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>The content of an inspect reply.</summary>
    /// <param name="session">Where the cells before ran.</param>
    /// <param name="code">The cell.</param>
    /// <param name="index">The cursor.</param>
    public static JsonObject Find(ScriptSession session, string code, int index)
    {
        var cell = CellModel.Of(session, code);
        var symbols = Symbols(cell.Root, cell.Model, index);
        if (symbols.Count == 0) return new JsonObject { ["status"] = "ok", ["found"] = false, ["data"] = new JsonObject(), ["metadata"] = new JsonObject() };
        return new JsonObject
        {
            ["status"] = "ok",
            ["found"] = true,
            ["data"] = new JsonObject { ["text/plain"] = Text(symbols, isMarkdown: false), ["text/markdown"] = Text(symbols, isMarkdown: true) },
            ["metadata"] = new JsonObject(),
        };
    }

    // The name under or just before the cursor; between the brackets of a call, the method that is called.
    private static IReadOnlyList<ISymbol> Symbols(SyntaxNode root, SemanticModel model, int index)
    {
        foreach (var position in new[] { index, index - 1 })
        {
            if (position < 0 || position >= root.FullSpan.End) continue;
            var token = root.FindToken(position);
            if (!token.Span.Contains(position)
                || !token.IsKind(SyntaxKind.IdentifierToken) && !SyntaxFacts.IsPredefinedType(token.Kind()))
                continue;
            if (Of(token.Parent!, model) is { Count: > 0 } found) return found;
        }
        if (root.FullSpan.Length == 0) return [];
        var before = root.FindToken(Math.Clamp(index - 1, 0, root.FullSpan.End - 1));
        foreach (var list in before.Parent?.AncestorsAndSelf().OfType<ArgumentListSyntax>() ?? [])
            if (list.Span.Start < index && list.Parent is InvocationExpressionSyntax or ObjectCreationExpressionSyntax or ImplicitObjectCreationExpressionSyntax)
                return list.Parent is InvocationExpressionSyntax call
                    ? Of(call.Expression, model)
                    : Of(list.Parent, model);
        return [];
    }

    private static IReadOnlyList<ISymbol> Of(SyntaxNode node, SemanticModel model)
    {
        if (model.GetDeclaredSymbol(node) is { } declared) return [declared];
        // In `new Tensor(…)` the name means the constructor.
        if (node.Parent is ObjectCreationExpressionSyntax creation && creation.Type == node) node = creation;
        var info = model.GetSymbolInfo(node);
        ISymbol[] group = [.. model.GetMemberGroup(node)];
        if (node is BaseObjectCreationExpressionSyntax && model.GetTypeInfo(node).Type is INamedTypeSymbol type)
            group = [.. type.InstanceConstructors.Where(c => !IsCopyConstructor(c))];
        ISymbol[] found = [.. info.Symbol is { } chosen ? [chosen] : info.CandidateSymbols.Where(c => !IsCopyConstructor(c)), .. group];
        if (found.Length == 0 && model.GetTypeInfo(node).Type is { TypeKind: not TypeKind.Error } only) found = [only];
        return [.. found.Distinct(SymbolEqualityComparer.Default).OfType<ISymbol>()];
    }

    // What the compiler writes into each record.
    private static bool IsCopyConstructor(ISymbol symbol) => symbol is IMethodSymbol { MethodKind: MethodKind.Constructor, IsImplicitlyDeclared: true, Parameters.Length: 1 };

    private static string Text(IReadOnlyList<ISymbol> symbols, bool isMarkdown)
    {
        var signatures = string.Join('\n', symbols.Take(MostOverloads).Select(symbol => Signature(symbol)))
            + (symbols.Count > MostOverloads ? $"\n// and {symbols.Count - MostOverloads} more overloads" : "");
        var documentation = symbols.Select(XmlDocumentation.Of).FirstOrDefault(found => found is not null);
        var text = documentation is null ? "" : DocumentationText.Of(documentation, isMarkdown);
        return (isMarkdown ? $"```csharp\n{signatures}\n```\n\n{text}" : $"{signatures}\n\n{text}").TrimEnd();
    }

    // A cell's variables are fields of a class that nobody wrote.
    private static string Signature(ISymbol symbol)
    {
        if (symbol is INamespaceSymbol) return symbol.ToDisplayString();
        var format = symbol.ContainingType is { IsScriptClass: true }
            ? Format.WithMemberOptions(Format.MemberOptions & ~SymbolDisplayMemberOptions.IncludeContainingType) : Format;
        var text = symbol.ToDisplayString(format);
        if (text.Length <= Widest || symbol is not IMethodSymbol { Parameters.Length: > 0 } method) return text;
        // Broken between parameters: a front end would break it in the middle of a word.
        var head = symbol.ToDisplayString(format.WithMemberOptions(format.MemberOptions & ~SymbolDisplayMemberOptions.IncludeParameters));
        var parameters = method.Parameters.Select(parameter => $"\n    {parameter.ToDisplayString(format)}");
        return $"{head}({string.Join(',', parameters)})";
    }
}

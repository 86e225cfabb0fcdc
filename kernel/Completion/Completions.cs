using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Kernel.Completion;

/// <summary>Completes C#: what the compiler would accept at the cursor, and keywords.</summary>
internal static class Completions
{
    // A list nobody scrolls through costs the front end seconds.
    private const int Most = 500;

    private static readonly string[] Keywords =
        [.. SyntaxFacts.GetReservedKeywordKinds().Select(SyntaxFacts.GetText), "var", "await", "async", "record", "when", "where", "with", "yield", "nameof", "not", "and", "or", "init", "required", "global", "file", "dynamic"];

    /// <summary>What can stand at <paramref name="index"/>.</summary>
    public static CompletionAnswer Find(ScriptSession session, string code, int index)
    {
        var start = index;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1])) start--;
        var typed = code[start..index];
        var cell = CellModel.Of(session, code);
        var choices = IsText(cell.Root, index) || typed is [>= '0' and <= '9', ..]
            ? []
            : new Place(cell, start).Choices();
        // The typed case first. The middle of a word counts only where no beginning fits: Tab inserts what all matches
        // begin with.
        var fitting = choices.DistinctBy(choice => choice.Text).ToArray();
        var matches = Fitting(text => text.StartsWith(typed, StringComparison.Ordinal))
            .Concat(
                Fitting(
                    text => text.StartsWith(typed, StringComparison.OrdinalIgnoreCase)
                        && !text.StartsWith(typed, StringComparison.Ordinal))).ToArray();
        if (matches.Length == 0)
            matches = [.. Fitting(text => text.Contains(typed, StringComparison.OrdinalIgnoreCase))];
        return new CompletionAnswer(start, index, [.. matches.Take(Most).Select(choice => (choice.Text, choice.Kind))]);

        // The student's own names before all others.
        IEnumerable<Choice> Fitting(Func<string, bool> fits) => fitting.Where(choice => fits(choice.Text))
            .OrderByDescending(choice => choice.IsOwn).ThenBy(choice => choice.Text, StringComparer.OrdinalIgnoreCase);
    }

    // Inside a comment or a string there is nothing to complete; the holes of an interpolated string are code.
    private static bool IsText(SyntaxNode root, int index)
    {
        if (index == 0) return false;
        var trivia = root.FindTrivia(index - 1);
        if (trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia) return true;
        var token = root.FindToken(index - 1);
        return token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
                or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8StringLiteralToken
            && token.SpanStart < index && (token.Span.End >= index && !EndsBefore(token, index));
    }

    private static bool EndsBefore(SyntaxToken token, int index) =>
        token.Span.End == index && token.Text.Length > 1 && token.Text[^1] is '"' or '\'' && !token.ContainsDiagnostics
            && token.Span.End <= index;

    private sealed record Choice(string Text, string Kind, bool IsOwn);

    /// <summary>The place that is to be completed, by the token before it.</summary>
    private sealed class Place(CellModel cell, int start)
    {
        private SemanticModel Model => cell.Model;

        public IEnumerable<Choice> Choices()
        {
            var before = start > 0 ? cell.Root.FindToken(start - 1) : default;
            if (before.Span.End > start) before = before.GetPreviousToken();
            if (before.IsKind(SyntaxKind.DotToken) || before.IsKind(SyntaxKind.ColonColonToken))
                return AfterDot(before);
            if (before.Parent?.FirstAncestorOrSelf<UsingDirectiveSyntax>() is { } directive
                && before.Kind() is SyntaxKind.UsingKeyword or SyntaxKind.StaticKeyword or SyntaxKind.EqualsToken)
                return Of(
                    Model.LookupNamespacesAndTypes(start).Where(
                        s => s is INamespaceSymbol || !directive.StaticKeyword.IsKind(SyntaxKind.None)));
            if (before.IsKind(SyntaxKind.NewKeyword)) return Of(Model.LookupNamespacesAndTypes(start));
            if (
                before.Parent is InitializerExpressionSyntax initializer
                    && before.Kind() is SyntaxKind.OpenBraceToken or SyntaxKind.CommaToken
                        && Initialized(initializer) is { } type)
                return Of(Model.LookupSymbols(start, type).Where(s => s is IPropertySymbol { IsStatic: false, IsReadOnly: false, IsIndexer: false } or IFieldSymbol { IsStatic: false }));
            return [.. ParameterNames(before), .. Of(Model.LookupSymbols(start)), .. Keywords.Select(keyword => new Choice(keyword, "keyword", false))];
        }

        private IEnumerable<Choice> AfterDot(SyntaxToken dot)
        {
            ExpressionSyntax? left = dot.Parent switch
            {
                MemberAccessExpressionSyntax access => access.Expression,
                QualifiedNameSyntax name => name.Left,
                MemberBindingExpressionSyntax binding =>
                    binding.Ancestors().OfType<ConditionalAccessExpressionSyntax>().First().Expression,
                _ => null,
            };
            if (left is null) return [];
            var symbol = Model.GetSymbolInfo(left).Symbol;
            if (symbol is IAliasSymbol alias) symbol = alias.Target;
            if (symbol is INamespaceSymbol space)
            {
                var onlySpaces = dot.Parent!.Ancestors().OfType<UsingDirectiveSyntax>()
                    .FirstOrDefault() is { } directive && directive.StaticKeyword.IsKind(SyntaxKind.None)
                        && directive.Alias is null;
                return Of(
                    Model.LookupNamespacesAndTypes(start, space).Where(s => !onlySpaces || s is INamespaceSymbol));
            }
            // Equals and ReferenceEquals are there for every class, and meant for none.
            if (symbol is INamedTypeSymbol named)
                return Of(
                    Model.LookupStaticMembers(start, named).Where(
                        s => s.ContainingType?.SpecialType is not SpecialType.System_Object));
            var type = Model.GetTypeInfo(left).Type ?? (symbol as IMethodSymbol)?.ReturnType;
            if (dot.Parent is MemberBindingExpressionSyntax
                && type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
                type = nullable.TypeArguments[0];
            return type is null
                ? []
                : Of(
                    Model.LookupSymbols(start, type, includeReducedExtensionMethods: true).Where(
                        s => !s.IsStatic && s is not ITypeSymbol));
        }

        private ITypeSymbol? Initialized(InitializerExpressionSyntax initializer) => initializer.Parent switch
        {
            _ when initializer.IsKind(SyntaxKind.CollectionInitializerExpression)
                && initializer.Expressions.Count > 1 => null,
            BaseObjectCreationExpressionSyntax creation => Model.GetTypeInfo(creation).Type,
            WithExpressionSyntax with => Model.GetTypeInfo(with.Expression).Type,
            _ => null,
        };

        private IEnumerable<Choice> ParameterNames(SyntaxToken before)
        {
            if (before.Kind() is not (SyntaxKind.OpenParenToken or SyntaxKind.CommaToken)
                || before.Parent is not ArgumentListSyntax list)
                return [];
            var methods = list.Parent switch
            {
                InvocationExpressionSyntax call => Model.GetMemberGroup(call.Expression).OfType<IMethodSymbol>(),
                BaseObjectCreationExpressionSyntax creation =>
                    (Model.GetTypeInfo(creation).Type as INamedTypeSymbol)?.InstanceConstructors ?? [],
                _ => [],
            };
            return methods.SelectMany(method => method.Parameters).Select(
                parameter => new Choice(parameter.Name + ":", "param", true));
        }

        private static IEnumerable<Choice> Of(IEnumerable<ISymbol> symbols) => symbols
            .Where(symbol => symbol.CanBeReferencedByName && symbol is not IMethodSymbol { MethodKind: not (MethodKind.Ordinary or MethodKind.ReducedExtension or MethodKind.LocalFunction) })
            .Select(
                symbol => new Choice(
                    symbol.Name, Kind(symbol),
                    symbol is ILocalSymbol or IParameterSymbol or IRangeVariableSymbol
                        || symbol.ContainingType is { IsScriptClass: true }));

        // The words that JupyterLab has icons for.
        private static string Kind(ISymbol symbol) => symbol switch
        {
            IMethodSymbol => "function",
            IPropertySymbol => "property",
            IFieldSymbol { ContainingType.IsScriptClass: true } or ILocalSymbol or IParameterSymbol or IRangeVariableSymbol => "variable",
            IFieldSymbol => "field",
            IEventSymbol => "event",
            INamespaceSymbol => "module",
            ITypeSymbol { TypeKind: TypeKind.Enum } => "enum",
            ITypeSymbol { TypeKind: TypeKind.Struct } => "struct",
            ITypeSymbol { TypeKind: TypeKind.Interface } => "interface",
            ITypeSymbol => "class",
            _ => "text",
        };
    }
}

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Puts a library's checks before calls of native code that end the process when they are used wrongly. A referenced
/// assembly offers them as static methods of a class of the well-known name <see cref="ClassName"/>, named as what they
/// check: one with all of a call's operands takes its place, one with the first operand alone is called with it before.
/// </summary>
internal static class CallChecks
{
    /// <summary>The class that holds the checks.</summary>
    public const string ClassName = "ImageGen.Runtime.CellChecks";

    /// <summary>
    /// The code of a compilation's last tree with the checks in it, line by line as it was; null where there is nothing
    /// to check.
    /// </summary>
    public static string? Write(Compilation compilation)
    {
        if (compilation.GetTypeByMetadataName(ClassName) is not { } checks) return null;
        var byName = checks.GetMembers().OfType<IMethodSymbol>().Where(
            method => method.IsStatic && method.Parameters.Length > 0)
            .ToLookup(method => method.Name);
        var tree = compilation.SyntaxTrees.Last();
        var calls = tree.GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>().Where(
            call => byName.Contains(NameOf(call))).ToArray();
        if (calls.Length == 0) return null;
        var model = compilation.GetSemanticModel(tree);
        var found = calls.Select(call => (Call: call, Check: Find(call, model, byName))).Where(
            pair => pair.Check is not null)
            .ToDictionary(pair => pair.Call, pair => pair.Check!);
        return found.Count == 0 ? null : new Rewriter(found, model).Visit(tree.GetRoot()).ToFullString();
    }

    private static string NameOf(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax member => member.Name.Identifier.ValueText,
        IdentifierNameSyntax name => name.Identifier.ValueText,
        _ => "",
    };

    // A method of the type that the check takes first, or a static one with the same operands, in the type around it.
    private static IMethodSymbol? Find(
        InvocationExpressionSyntax call, SemanticModel model, ILookup<string, IMethodSymbol> byName)
    {
        if (model.GetSymbolInfo(call).Symbol is not IMethodSymbol method) return null;
        foreach (var check in byName[method.Name])
        {
            var operand = check.Parameters[0].Type;
            ITypeSymbol[] given = [.. method.IsStatic ? [] : new[] { (ITypeSymbol)method.ContainingType }, .. method.Parameters.Select(p => p.Type)];
            if (check.Parameters.Length <= given.Length
                && (check.Parameters.Length == 1 || check.Parameters.Length == given.Length)
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                           
                                                               
                                                                   
                                                                       
                                                                           
                                                                                && check.Parameters.Select(p => p.Type)
                                                                                    .SequenceEqual(
                                                                                        given.Take(
                                                                                            check.Parameters.Length),
                                                                                        SymbolEqualityComparer.Default)
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                           
                                                               
                                                                    && (
                                                                        !method.IsStatic
                                                                            || SymbolEqualityComparer.Default.Equals(
                                                                                method.ContainingType,
                                                                                operand.ContainingType)))
                return check;
        }
        return null;
    }

    private sealed class Rewriter(Dictionary<InvocationExpressionSyntax, IMethodSymbol> found, SemanticModel model) : CSharpSyntaxRewriter
    {
        public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
        {
            var check = found.GetValueOrDefault(node);
            var isStatic = check is not null && model.GetSymbolInfo(node).Symbol is { IsStatic: true };
            var visited = (InvocationExpressionSyntax)base.VisitInvocationExpression(node)!;
            if (check is null) return visited;
            var name = $"global::{ClassName}.@{check.Name}";
            if (isStatic)
                return check.Parameters.Length > 1
                    ? visited.WithExpression(SyntaxFactory.ParseExpression(name).WithTriviaFrom(visited.Expression))
                    : visited.WithArgumentList(
                        visited.ArgumentList.ReplaceNode(
                            visited.ArgumentList.Arguments[0].Expression,
                            Wrapped(visited.ArgumentList.Arguments[0].Expression, name)));
            if (visited.Expression is not MemberAccessExpressionSyntax member) return visited;
            if (check.Parameters.Length == 1)
                return visited.WithExpression(member.WithExpression(Wrapped(member.Expression, name)));
            // Arguments keep their own line breaks, so that lines in error messages stay as they are.
            var arguments = $"{name}({member.Expression.ToFullString()},{visited.ArgumentList.Arguments.ToFullString()}{visited.ArgumentList.CloseParenToken.ToFullString()}";
            return SyntaxFactory.ParseExpression(arguments).WithTrailingTrivia(visited.GetTrailingTrivia());
        }

        private static ExpressionSyntax Wrapped(ExpressionSyntax operand, string name) =>
            SyntaxFactory.ParseExpression($"{name}({operand.ToFullString()})");
    }
}

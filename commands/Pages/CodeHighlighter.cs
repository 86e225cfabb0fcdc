using System.Net;
using System.Text;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Course.Pages;

/// <summary>
/// Colors C# for a page. Roslyn's parser says what each token is; its place in the syntax says which names are types
/// and methods, so no references are needed and a page takes milliseconds.
/// </summary>
internal static class CodeHighlighter
{
    /// <summary>A cell's code as HTML: <c>span</c> elements with the classes of page.css.</summary>
    public static string ToHtml(string code)
    {
        var html = new StringBuilder();
        var root = CSharpSyntaxTree.ParseText(code, CellParser.Options).GetRoot();
        foreach (var token in root.DescendantTokens())
        {
            foreach (var trivia in token.LeadingTrivia) Append(html, trivia.ToFullString(), ClassOf(trivia));
            Append(html, token.Text, ClassOf(token));
            foreach (var trivia in token.TrailingTrivia) Append(html, trivia.ToFullString(), ClassOf(trivia));
        }
        return html.ToString();
    }

    private static void Append(StringBuilder html, string text, string? style)
    {
        if (text.Length == 0) return;
        // A directive's text includes its line end, which belongs outside.
        var end = text.TrimEnd('\r', '\n').Length;
        if (style is null || end == 0) html.Append(WebUtility.HtmlEncode(text));
        else html.Append($"""<span class="{style}">{WebUtility.HtmlEncode(text[..end])}</span>{text[end..]}""");
    }

    private static string? ClassOf(SyntaxTrivia trivia) => trivia switch
    {
        _ when trivia.IsDirective || trivia.IsKind(SyntaxKind.BadDirectiveTrivia) => "d",
        _ when trivia.IsKind(SyntaxKind.WhitespaceTrivia) || trivia.IsKind(SyntaxKind.EndOfLineTrivia) => null,
        _ => "c",
    };

    private static string? ClassOf(SyntaxToken token) => token.Kind() switch
    {
        SyntaxKind.NumericLiteralToken => "n",
        SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken
            or SyntaxKind.InterpolatedVerbatimStringStartToken or SyntaxKind.InterpolatedRawStringEndToken
            or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
            or SyntaxKind.InterpolatedSingleLineRawStringStartToken or SyntaxKind.InterpolatedMultiLineRawStringStartToken => "s",
        SyntaxKind.IdentifierToken => ClassOfName(token),
        var kind when SyntaxFacts.IsKeywordKind(kind) => "k",
        _ => null,
    };

    private static string? ClassOfName(SyntaxToken token)
    {
        switch (token.Parent)
        {
            case IdentifierNameSyntax { IsVar: true }:
                return "k";
            case MethodDeclarationSyntax or LocalFunctionStatementSyntax:
                return "m";
            case BaseTypeDeclarationSyntax or ConstructorDeclarationSyntax or TypeParameterSyntax or DelegateDeclarationSyntax:
                return "t";
            case SimpleNameSyntax name:
                var outer = name.Parent is MemberAccessExpressionSyntax access && access.Name == name
                    ? access
                    : (SyntaxNode)name;
                if (outer.Parent is InvocationExpressionSyntax call && call.Expression == outer) return "m";
                return IsType(name) ? "t" : null;
            default:
                return null;
        }
    }

    private static bool IsType(SimpleNameSyntax name) => name.Parent switch
    {
        ObjectCreationExpressionSyntax or TypeArgumentListSyntax or BaseTypeSyntax or CastExpressionSyntax or TypeOfExpressionSyntax
            or ArrayTypeSyntax or NullableTypeSyntax or AttributeSyntax or DeclarationPatternSyntax or CatchDeclarationSyntax => true,
        VariableDeclarationSyntax declaration => declaration.Type == name,
        ParameterSyntax parameter => parameter.Type == name,
        MethodDeclarationSyntax method => method.ReturnType == name,
        LocalFunctionStatementSyntax function => function.ReturnType == name,
        PropertyDeclarationSyntax property => property.Type == name,
        DeclarationExpressionSyntax declaration => declaration.Type == name,
        ForEachStatementSyntax loop => loop.Type == name,
        // `Picture.Load(…)`: a capital at the start of a chain of members is a type by every C# convention.
        MemberAccessExpressionSyntax access => access.Expression == name && char.IsUpper(name.Identifier.ValueText[0]),
        _ => name is GenericNameSyntax,
    };
}

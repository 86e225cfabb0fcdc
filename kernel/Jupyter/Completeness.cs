using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Whether a text is a whole cell, for consoles that run it on Enter.</summary>
internal static class Completeness
{
    /// <summary>The content of an is_complete reply.</summary>
    public static JsonObject Of(string code)
    {
        var tree = CSharpSyntaxTree.ParseText(code, CellParser.Options);
        if (!SyntaxFactory.IsCompleteSubmission(tree))
            return new JsonObject { ["status"] = "incomplete", ["indent"] = Indent(code) };
        // A last expression needs no semicolon; `#i` and `#!` lines are the engine's and not C#'s.
        var wrong = tree.GetDiagnostics().Any(
            d => d.Severity == DiagnosticSeverity.Error && d.Id is not ("CS1002" or "CS1024"));
        return new JsonObject { ["status"] = wrong ? "invalid" : "complete" };
    }

    // As deep as the last line, one step deeper after an opening bracket.
    private static string Indent(string code)
    {
        var last = code.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n')[^1];
        var indent = last[..^last.TrimStart().Length];
        return last.TrimEnd() is [.., '{' or '(' or '['] ? indent + "    " : indent;
    }
}

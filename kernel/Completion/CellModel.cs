using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ImageGen.Kernel.Completion;

/// <summary>A cell that did not run, as the compiler understands it after all that did.</summary>
/// <param name="Root">Its syntax.</param>
/// <param name="Model">Its meaning.</param>
/// <remarks>
/// On Roslyn's compiler alone. Its editor services (CompletionService over a workspace with a project for each cell)
/// were tried first: they keep a compilation of their own for each cell, which after 1,000 cells took 16 GB and
/// minutes.
/// </remarks>
internal sealed record CellModel(SyntaxNode Root, SemanticModel Model)
{
    public static CellModel Of(ScriptSession session, string code)
    {
        var tree = CSharpSyntaxTree.ParseText(CellText.WithoutDirectives(code), CellParser.Options);
        var last = (CSharpCompilation)session.Last.GetCompilation();
        var compilation = CSharpCompilation.CreateScriptCompilation(
            "question", tree, last.ExternalReferences, last.Options, previousScriptCompilation: last);
        return new CellModel(tree.GetRoot(), compilation.GetSemanticModel(tree));
    }
}

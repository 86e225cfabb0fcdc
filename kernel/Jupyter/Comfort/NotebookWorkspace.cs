using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Text;

namespace ImageGen.Kernel.Jupyter.Comfort;

/// <summary>
/// The cells that ran, as Roslyn's editor services want them: a project for each, chained by references as the cells
/// themselves are. A project is made once, so an answer costs as much as the new cell. Used by one thread at a time.
/// </summary>
internal sealed class NotebookWorkspace : IDisposable
{
    private readonly AdhocWorkspace workspace = new();
    private readonly Dictionary<Script, ProjectId> projects = new(ReferenceEqualityComparer.Instance);
    private Solution solution;

    public NotebookWorkspace() => solution = workspace.CurrentSolution;

    /// <summary>The text of a cell that did not run, after all that did.</summary>
    public Document Document(ScriptSession session, string code)
    {
        var missing = new Stack<Script>();
        Script? known = session.Last;
        for (; known is not null && !projects.ContainsKey(known); known = known.Previous) missing.Push(known);
        var previous = known is null ? null : projects[known];
        foreach (var script in missing)
        {
            var added = Project(script.GetCompilation(), script.Code, previous);
            solution = solution.AddProject(added);
            projects[script] = previous = added.Id;
        }
        var cell = Project(session.Last.GetCompilation(), CellText.WithoutDirectives(code), previous);
        return solution.AddProject(cell).GetDocument(cell.Documents[0].Id)!;
    }

    public void Dispose() => workspace.Dispose();

    // With the options of the script's own compilation: the same usings, and the same way to find assemblies and files.
    private static ProjectInfo Project(Compilation like, string code, ProjectId? previous)
    {
        var id = ProjectId.CreateNewId();
        var text = DocumentInfo.Create(DocumentId.CreateNewId(id), "cell", sourceCodeKind: SourceCodeKind.Script,
            loader: TextLoader.From(TextAndVersion.Create(SourceText.From(code), VersionStamp.Create())));
        return ProjectInfo.Create(
            id, VersionStamp.Create(), "cell", $"cell-{id.Id:N}", LanguageNames.CSharp, compilationOptions: like.Options, parseOptions: CellParser.Options,
            documents: [text], projectReferences: previous is null ? [] : [new ProjectReference(previous)], metadataReferences: like.ExternalReferences, isSubmission: true);
    }
}

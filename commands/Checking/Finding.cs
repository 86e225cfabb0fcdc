using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;

namespace ImageGen.Course.Checking;

/// <summary>Something wrong with a notebook or a page.</summary>
/// <param name="File">Which file, from the repository's root.</param>
/// <param name="Cell">Which cell, counted from 1 over all cells; null for the file as a whole.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record Finding(string File, int? Cell, string What, string Remedy)
{
    /// <summary>One line.</summary>
    public override string ToString() => $"{File}{(Cell is { } cell ? $", cell {cell}" : "")}: {What}. {Remedy}.";
}

/// <summary>A notebook as the checks see it.</summary>
/// <param name="Lesson">Which lesson.</param>
/// <param name="File">Its path from the repository's root, with slashes.</param>
/// <param name="Raw">The file as it is.</param>
/// <param name="Notebook">The file as read.</param>
/// <param name="Bytes">The file's size.</param>
internal sealed record CheckedNotebook(Lesson Lesson, string File, JsonObject Raw, Notebook Notebook, long Bytes)
{
    /// <summary>What to type to make the outputs again.</summary>
    public string Publish => $"Run ./course publish {Lesson.Number:00}";

    public Finding Found(string what, string remedy, int? cell = null) => new(File, cell, what, remedy);

    /// <summary>The code cells with their places among all cells, from 1.</summary>
    public IEnumerable<(NotebookCell Cell, int Place)> Code =>
        Notebook.Cells.Select((cell, i) => (cell, i + 1)).Where(c => c.cell.Kind == CellKind.Code);
}

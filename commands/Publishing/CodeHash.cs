using System.Security.Cryptography;
using System.Text;
using ImageGen.Course.Notebooks;

namespace ImageGen.Course.Publishing;

/// <summary>
/// The mark that ties outputs to the code that made them: a hash over a cell's code and all code cells before it, since
/// a change further up makes everything below it stale.
/// </summary>
public static class CodeHash
{
    private const int Length = 16;

    /// <summary>The hash of each code cell, in order.</summary>
    public static IEnumerable<(NotebookCell Cell, string Hash)> Of(Notebook notebook)
    {
        using var soFar = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var cell in notebook.CodeCells)
        {
            // Line ends and the space before them say nothing, and editors change them.
            var lines = cell.Source.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd());
            soFar.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', lines).TrimEnd() + "\0"));
            yield return (cell, Convert.ToHexStringLower(soFar.GetCurrentHash())[..Length]);
        }
    }
}

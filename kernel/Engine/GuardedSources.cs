using System.Text;
using Microsoft.CodeAnalysis;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Reads the files of <c>#load</c> lines, and writes guards into them as into cells: their loops must stop too.
/// </summary>
/// <param name="folder">The notebook's folder, where they are looked for.</param>
internal sealed class GuardedSources(string folder) : SourceFileResolver([folder], folder)
{
    /// <inheritdoc/>
    public override Stream OpenRead(string resolvedPath)
    {
        using var reader = new StreamReader(
            base.OpenRead(resolvedPath), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        return new MemoryStream(Encoding.UTF8.GetBytes(CellGuard.Add(reader.ReadToEnd()).Code), writable: false);
    }
}

using System.Security.Cryptography;
using System.Text;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// A file that lies there while a cell runs. Jupyter starts a dead kernel again with the same connection file; the new one
/// finds the mark and can say what the dead one could not: native code gives no process time for last words.
/// </summary>
internal sealed class CrashMark
{
    private readonly string file;

    /// <summary>Looks for the mark of a kernel before this one.</summary>
    public CrashMark(string connectionFile)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(connectionFile))))[..16];
        file = Path.Combine(Path.GetTempPath(), $"imagegen-kernel-{name}.cell");
        string cell;
        try { cell = File.ReadAllText(file); }
        catch (IOException) { return; }
        catch (UnauthorizedAccessException) { return; }
        Clear();
        FoundNotice = $"The kernel died in cell [{cell}] and was started again: all variables are gone; run the cells from the top. "
            + "Memory may have run out (make the work smaller), a function may call itself without end, or native code crashed.";
        KernelLog.Write(FoundNotice);
    }

    /// <summary>What to tell the student, when the kernel before this one died in a cell.</summary>
    public string? FoundNotice { get; }

    /// <summary>Marks that a cell runs.</summary>
    public void Set(int number)
    {
        try { File.WriteAllText(file, $"{number}"); }
        catch (IOException) { } // No more than a hint is lost.
        catch (UnauthorizedAccessException) { }
    }

    /// <summary>Removes the mark.</summary>
    public void Clear()
    {
        try { File.Delete(file); }
        catch (IOException) { }
        catch (UnauthorizedAccessException) { }
    }
}

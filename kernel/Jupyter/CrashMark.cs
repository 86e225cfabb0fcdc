using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// A file that lies there while a cell runs. Jupyter starts a dead kernel again with the same connection file; the new
/// one finds the mark and can say what the dead one could not: native code gives no process time for last words.
/// </summary>
internal sealed partial class CrashMark
{
    private readonly string file;

    /// <summary>Looks for the mark of a kernel before this one.</summary>
    public CrashMark(string connectionFile)
    {
        var name =
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(connectionFile))))[..16];
        file = Path.Combine(Path.GetTempPath(), $"imagegen-kernel-{name}.cell");
        string cell, calls;
        try { (cell, calls) = File.ReadAllText(file).Split(' ', 2) is [var number, .. var names] ? (number, names.FirstOrDefault("")) : ("?", ""); }
        catch (IOException) { return; }
        catch (UnauthorizedAccessException) { return; }
        Clear();
        FoundNotice = $"The kernel died in cell [{cell}] and was started again: all variables "
            + $"are gone; run the cells from the top. "
            + $"{(calls.Length > 0 ? $"In it stands {calls}, which ends the process when its arguments do not fit: look there first. Else memory" : "Memory")} "
            + "may have run out (make the work smaller), a function may call itself without end, or native code "
                + "crashed.";
        KernelLog.Write(FoundNotice);
    }

    /// <summary>What to tell the student, when the kernel before this one died in a cell.</summary>
    public string? FoundNotice { get; }

    /// <summary>Marks that a cell runs.</summary>
    /// <param name="number">The cell's number.</param>
    /// <param name="code">Its code, in which calls are looked for that are known to end a process.</param>
    public void Set(int number, string code)
    {
        var calls = string.Join(" and ", Deadly().Matches(code).Select(match => match.Groups[1].Value).Distinct());
        try { File.WriteAllText(file, $"{number} {calls}"); }
        catch (IOException) { } // No more than a hint is lost.
        catch (UnauthorizedAccessException) { }
    }

    // TorchSharp 0.107 lets C++ exceptions of these through; matmul, var and rand_like are checked where the library
    // that has the checks is loaded, but not inside of code that was compiled before.
    [GeneratedRegex(@"\b(matmul|var|rand_like|cross|cummax|cummin|align_as|histogram|max_unpool3d|sparse|rand_out|randn_out|randint_out)\(")]
    private static partial Regex Deadly();

    /// <summary>Removes the mark.</summary>
    public void Clear()
    {
        try { File.Delete(file); }
        catch (IOException) { }
        catch (UnauthorizedAccessException) { }
    }
}

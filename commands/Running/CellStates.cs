using System.Security.Cryptography;
using System.Text;
using ImageGen.Training;

namespace ImageGen.Course.Running;

/// <summary>
/// Where a lesson keeps its trainings' states and finished work, so that it goes on where it was stopped. The name of a
/// state has the number of its cell and a hash of the library and of all code up to there: other code, with other
/// options, never takes it up.
/// </summary>
/// <param name="folder">Theirs alone; made by the first that is written.</param>
internal sealed class CellStates(string folder)
{
    /// <summary>The environment variable that names the folder to a lesson's process.</summary>
    public const string Variable = "IMAGEGEN_STATES";

    private const int Length = 16;

    private byte[] soFar = typeof(Runner).Assembly.ManifestModule.ModuleVersionId.ToByteArray();

    /// <summary>Gives the next cell its states.</summary>
    /// <param name="number">The cell's.</param>
    /// <param name="code">Its text.</param>
    /// <returns>Ends the cell when it is disposed of.</returns>
    public KeepingRunner Enter(int number, string code)
    {
        var path = PathOf(number, code, out var outdated);
        if (outdated)
            Console.WriteLine("The code has changed since this lesson was stopped: what was kept here is of no use, "
                + "and this cell begins anew.");
        return Runner.Enter(new KeepingRunner(path));
    }

    /// <summary>What the paths of a cell's states begin with: see <see cref="KeepingRunner"/>.</summary>
    /// <param name="number">The cell's.</param>
    /// <param name="code">Its text.</param>
    /// <param name="outdated">Whether there are states that other code made in its place, and none of its own.</param>
    internal string PathOf(int number, string code, out bool outdated)
    {
        soFar = SHA256.HashData([.. soFar, .. Encoding.UTF8.GetBytes(code)]);
        var name = $"{number:000}-{Convert.ToHexStringLower(soFar)[..Length]}";
        string[] kept = Directory.Exists(folder) ? Directory.GetFiles(folder, $"{number:000}-*") : [];
        outdated = kept.Length > 0
            && !kept.Any(file => Path.GetFileName(file).StartsWith(name, StringComparison.Ordinal));
        return Path.Combine(folder, name);
    }
}

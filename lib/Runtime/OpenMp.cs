using System.Runtime.InteropServices;

namespace ImageGen.Runtime;

/// <summary>
/// How long libtorch's threads spin while they wait for each other. By libgomp's own choice it is milliseconds: on a machine that
/// has other work too, a training takes up to ten times as long. Not spinning at all costs a third more on a quiet one, since
/// most of a small network's operations are over in microseconds: so they spin about as long as that.
/// </summary>
internal static partial class OpenMp
{
    /// <summary>Sets what libgomp reads when it is loaded, unless somebody has set it; to be called before libtorch is.</summary>
    public static void SpinBriefly()
    {
        if (!OperatingSystem.IsLinux()) return;
        Set("OMP_WAIT_POLICY", "passive");
        Set("GOMP_SPINCOUNT", "2000");
    }

    // .NET keeps the environment as a copy of its own, which native libraries do not see.
    private static void Set(string name, string value) => _ = SetEnvironment(name, value, overwrite: 0);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}

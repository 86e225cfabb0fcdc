namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// What the kernel tells whoever runs Jupyter: lines on standard error, which Jupyter puts into its own log.
/// </summary>
internal static class KernelLog
{
    // Taken before the engine takes over the console.
    private static readonly TextWriter Error = Console.Error;

    /// <summary>Writes one line.</summary>
    public static void Write(string line) => Error.WriteLine($"[.net-csharp {Environment.ProcessId}] {line}");
}

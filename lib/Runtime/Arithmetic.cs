using System.Runtime.CompilerServices;
using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>
/// Whether libtorch computes rightly on this processor. It is asked once, before the first use, and mended where it does not.
/// </summary>
/// <remarks>
/// libtorch's convolutions come from oneDNN, which asks the processor how large its caches are. Some virtual machines hide
/// that, oneDNN then believes in caches of one byte, and convolutions lose data: no error, other numbers. A similar fault is
/// known for other processors (uxlfoundation/oneDNN, issue 5313).
/// </remarks>
public static class Arithmetic
{
    /// <summary>The environment variable that overrides the check: <c>auto</c>, <c>off</c> or <c>as-is</c>.</summary>
    public const string Variable = "IMAGEGEN_ONEDNN";

    private static readonly Lock Gate = new();
    private static OneDnnState state = OneDnnState.AsIs;
    private static volatile bool settled;
    private static bool checking;

    /// <summary>What the check found and did. Reading it loads libtorch.</summary>
    /// <exception cref="CourseException">Convolutions are wrong and stay wrong, or <see cref="Variable"/> holds another word.</exception>
    public static OneDnnState State
    {
        get
        {
            Check();
            return state;
        }
    }

    /// <summary>The state in a few words, for records and reports.</summary>
    public static string Describe() => State switch
    {
        OneDnnState.Right => "oneDNN right",
        OneDnnState.Mended => "oneDNN mended (told the size of the caches)",
        OneDnnState.Off => "oneDNN off",
        _ => "oneDNN as it is, unchecked",
    };

    /// <summary>Whether <see cref="Check"/> has nothing more to do.</summary>
    internal static bool IsSettled => settled;

    /// <summary>Checks, once in the life of the process. A library that does not load is left to its user to find.</summary>
    internal static void Check()
    {
        if (settled) return;
        try
        {
            // Before the lock: a thread that is inside this constructor may be on its way here.
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
            CheckAlone();
        }
        catch (Exception error) when (NativeLibraries.Explain(error) is not null) { }
    }

    private static void CheckAlone()
    {
        lock (Gate)
        {
            // The probe itself uses libtorch, and comes by here.
            if (settled || checking) return;
            checking = true;
            try
            {
                state = Settle(Environment.GetEnvironmentVariable(Variable), OneDnn.Open(), ConvolutionProbe.FindFault);
                settled = true;
            }
            finally { checking = false; }
        }
    }

    /// <summary>What <see cref="Check"/> does, with its parts given.</summary>
    /// <param name="setting">What <see cref="Variable"/> holds; nothing means <c>auto</c>.</param>
    /// <param name="oneDnn">The switches of the library.</param>
    /// <param name="findFault">Computes convolutions whose results are known, the n-th time in shapes of its own: what was wrong, or null.</param>
    internal static OneDnnState Settle(string? setting, IOneDnn oneDnn, Func<int, string?> findFault)
    {
        oneDnn.SilenceNnpack();
        switch (setting?.Trim().ToLowerInvariant())
        {
            case "as-is":
                return OneDnnState.AsIs;
            case "off":
                if (!oneDnn.SwitchOff())
                    throw new CourseException($"{Variable}=off, but this build of libtorch has no switch for oneDNN: unset {Variable}.");
                return findFault(0) is { } still ? throw Wrong(still) : OneDnnState.Off;
            case null or "" or "auto":
                if (findFault(0) is null) return OneDnnState.Right;
                if (oneDnn.MendCaches() && findFault(1) is null) return OneDnnState.Mended;
                _ = oneDnn.SwitchOff();
                return findFault(2) is { } fault ? throw Wrong(fault) : OneDnnState.Off;
            default:
                throw new CourseException($"{Variable}='{setting}' is not a setting: it takes auto, off or as-is.");
        }
    }

    private static CourseException Wrong(string fault) => new(
        $"libtorch computes wrongly on this processor ({Processor.Name}), with and without oneDNN: {fault}. "
        + $"Nothing can be trusted here; use another machine, or set {Variable}=as-is to look into it.");
}

/// <summary>In what state oneDNN, which computes libtorch's convolutions, serves this process.</summary>
public enum OneDnnState
{
    /// <summary>Checked and right, as on nearly every machine.</summary>
    Right,

    /// <summary>It was wrong, and is right since it was told the size of the processor's caches. As fast as anywhere.</summary>
    Mended,

    /// <summary>It was wrong and could not be mended, or was switched off: right, and up to eight times slower.</summary>
    Off,

    /// <summary>Neither checked nor changed, because <see cref="Arithmetic.Variable"/> says so.</summary>
    AsIs,
}

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>Sees the first call into libtorch, whoever makes it, and has the arithmetic checked before it.</summary>
internal static class FirstUse
{
    // .NET asks before it binds each of TorchSharp's native functions; the first time is the first use of the library. Loading
    // libtorch here instead would cost every command that computes nothing a third of a second.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Notebooks and programs call TorchSharp without calling us first.")]
    internal static void Watch()
    {
        OpenMp.SpinBriefly();
        try { SetResolver(); }
        catch (Exception error) when (error is InvalidOperationException or FileNotFoundException)
        {
            // The program has a resolver of its own, or no TorchSharp at all. Compute.Device checks then.
        }
    }

    // Apart: without TorchSharp.dll this method does not compile, and its caller has to.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, Resolve);

    // TorchSharp's own static constructor calls native functions too. An error there would spoil the type for good, and a second
    // thread would wait for us while we wait for it: the next function that is bound is early enough.
    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? paths)
    {
        if (!Arithmetic.IsSettled && !InStaticConstructor()) Arithmetic.Check();
        return 0; // .NET looks where it always does
    }

    private static bool InStaticConstructor() =>
        new StackTrace().GetFrames().Any(frame => frame.GetMethod() is ConstructorInfo { IsStatic: true } constructor
            && constructor.DeclaringType?.Assembly == typeof(torch).Assembly);
}

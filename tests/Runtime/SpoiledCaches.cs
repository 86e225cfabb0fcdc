using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ImageGen.Runtime;

namespace ImageGen.Tests;

/// <summary>
/// Makes this process what it would be on a machine that hides its caches, before anything is computed in it: with
/// <c>IMAGEGEN_TEST_SPOILED=1 ./course test</c> every test runs on such a machine.
/// </summary>
internal static class SpoiledCaches
{
    public const string Variable = "IMAGEGEN_TEST_SPOILED";

    [ModuleInitializer]
    internal static void Spoil()
    {
        if (Environment.GetEnvironmentVariable(Variable) != "1") return;
        // The library's own initializer comes first: it sets what libgomp reads when libtorch brings it along.
        RuntimeHelpers.RunModuleConstructor(typeof(CacheRecord).Module.ModuleHandle);
        var library = NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libtorch_cpu.so"));
        var record = CacheRecord.Find(NativeLibrary.GetExport(library, "_ZN2at13globalContextEv"))
            ?? throw new InvalidOperationException("This build of libtorch does not name oneDNN's record of the caches.");
        record.Spoil();
    }
}

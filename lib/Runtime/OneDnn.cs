using System.Runtime.InteropServices;
using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>The switches of libtorch that decide how convolutions are computed.</summary>
internal interface IOneDnn
{
    /// <summary>
    /// No more tries to use NNPACK, a library for convolutions on phones. libtorch turns to it last, and where the processor is
    /// not supported it says so on stderr for every convolution.
    /// </summary>
    void SilenceNnpack();

    /// <summary>Gives oneDNN the sizes of caches that it can work with, where it believes in impossible ones; false where that cannot be done.</summary>
    bool MendCaches();

    /// <summary>From now on convolutions are computed without oneDNN; false where this build cannot.</summary>
    bool SwitchOff();
}

/// <summary>The switches as libtorch exports them, under the names that its C++ compilers gave them.</summary>
internal sealed unsafe class OneDnn : IOneDnn
{
    // at::globalContext(), at::Context::setUserEnabledMkldnn(bool) and setUserEnabledNNPACK(bool): by GCC and Clang, by MSVC.
    private static readonly string[] Context = ["_ZN2at13globalContextEv", "?globalContext@at@@YAAEAVContext@1@XZ"];
    private static readonly string[] Mkldnn = ["_ZN2at7Context20setUserEnabledMkldnnEb", "?setUserEnabledMkldnn@Context@at@@QEAAX_N@Z"];
    private static readonly string[] Nnpack = ["_ZN2at7Context20setUserEnabledNNPACKEb", "?setUserEnabledNNPACK@Context@at@@QEAAX_N@Z"];

    private readonly nint library;

    private OneDnn(nint library) => this.library = library;

    /// <summary>The switches of the libtorch that this process has or will have; none of them works where it is not found.</summary>
    public static OneDnn Open() =>
        new(NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, null, out var library) ? library : 0);

    public void SilenceNnpack() => Set(Nnpack, false);

    public bool SwitchOff() => Set(Mkldnn, false);

    public bool MendCaches() => Export(Context) is not 0 and var known && CacheRecord.Find(known) is { } record && record.Mend();

    private bool Set(string[] names, bool value)
    {
        if (Export(names) is not (not 0 and var setter) || Export(Context) is not (not 0 and var context)) return false;
        ((delegate* unmanaged<nint, byte, void>)setter)(((delegate* unmanaged<nint>)context)(), value ? (byte)1 : (byte)0);
        return true;
    }

    private nint Export(string[] names)
    {
        foreach (var name in names)
            if (library != 0 && NativeLibrary.TryGetExport(library, name, out var address)) return address;
        return 0;
    }
}

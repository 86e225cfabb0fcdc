using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ImageGen.Runtime;

/// <summary>
/// What oneDNN believes of the processor's caches: the fields of an object of <c>Xbyak::util::Cpu</c>, which it fills once and
/// then asks for each convolution that it compiles.
/// </summary>
/// <remarks>
/// The object and the functions around it are not exported, but libtorch's file for Linux still names them in its table of
/// symbols. Where it does not, or where the fields are not what they should be, nothing is touched.
/// </remarks>
internal sealed unsafe class CacheRecord
{
    // dnnl::impl::cpu::x64::cpu(), which fills the object at its first call and returns it; and dnnl_set_primitive_cache_capacity.
    private const string Fill = "_ZN4dnnl4impl3cpu3x643cpuEv", SetCapacity = "dnnl_set_primitive_cache_capacity";
    private const int MostLevels = 10, Capacity = 1024, SmallestCache = 1024;

    // As 32-bit integers from the object's start: the sizes of up to ten caches in bytes, the cores that share each, how many there are.
    private const int Sizes = 7, Sharing = 17, Levels = 27;

    private readonly int* fields;
    private readonly delegate* unmanaged<int, int> setCapacity;

    private CacheRecord(int* fields, delegate* unmanaged<int, int> setCapacity)
    {
        this.fields = fields;
        this.setCapacity = setCapacity;
    }

    /// <summary>The record in the library that holds an address; null where there is none that we know.</summary>
    /// <param name="address">The address of something that the library exports.</param>
    public static CacheRecord? Find(nint address)
    {
        if (!OperatingSystem.IsLinux() || !X86Base.IsSupported) return null;
        if (DlAddr(address, out var found) == 0 || Marshal.PtrToStringUTF8(found.FileName) is not { } file) return null;
        if (ElfSymbols.Find(file, Fill, SetCapacity) is not [not 0 and var fill, not 0 and var set]) return null;
        var fields = ((delegate* unmanaged<int*>)(found.Base + fill))();
        return fields[Levels] is >= 0 and <= MostLevels ? new(fields, (delegate* unmanaged<int, int>)(found.Base + set)) : null;
    }

    /// <summary>
    /// With no cache in the record oneDNN falls back on sizes that suit every processor of the last ten years. False, and nothing
    /// is changed, where the sizes are possible ones: then something else is wrong.
    /// </summary>
    public bool Mend()
    {
        if (fields[Levels] == 0 || fields[Sizes] >= SmallestCache) return false;
        fields[Levels] = 0;
        Forget();
        return true;
    }

    /// <summary>Makes the record what it is on a machine that hides its caches: for tests.</summary>
    public void Spoil()
    {
        fields[Levels] = 3;
        for (var level = 0; level < 3; level++) fields[Sizes + level] = fields[Sharing + level] = 1;
        Forget();
    }

    // What was compiled for the wrong sizes is wrong for good: oneDNN keeps it, by shape. A capacity of none throws all away.
    private void Forget()
    {
        _ = setCapacity(0);
        _ = setCapacity(Capacity);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Found
    {
        public nint FileName, Base, SymbolName, SymbolAddress;
    }

    [DllImport("libc", EntryPoint = "dladdr")]
    private static extern int DlAddr(nint address, out Found found);
}

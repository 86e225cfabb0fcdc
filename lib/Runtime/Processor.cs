using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ImageGen.Runtime;

/// <summary>What the machine's processor calls itself, and what it can do.</summary>
internal static class Processor
{
    /// <summary>The maker's name for it, such as <c>AMD EPYC 9B45</c>; the architecture where it has none to tell.</summary>
    public static string Name { get; } = BrandString() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
        ?? RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>Whether it multiplies bfloat16 faster than float32.</summary>
    /// <remarks>
    /// CPUID leaf 7: subleaf 0, EDX bit 22 is AMX-BF16; subleaf 1, EAX bit 5 is AVX512-BF16. The latter was measured on the
    /// course's U-Net: on a processor of AMD's a step took two thirds to five sixths of the time, on one of Intel's 1.8 times
    /// as long.
    /// </remarks>
    public static bool HasBFloat16
    {
        get
        {
            if (!X86Base.IsSupported) return false;
            var (leaves, b, c, d) = X86Base.CpuId(0, 0);
            if (leaves < 7) return false;
            var amd = (b, d, c) == (0x68747541, 0x69746E65, 0x444D4163); // "AuthenticAMD"
            return (X86Base.CpuId(7, 0).Edx >> 22 & 1) == 1 || amd && (X86Base.CpuId(7, 1).Eax >> 5 & 1) == 1;
        }
    }

    // CPUID leaves 0x80000002 to 0x80000004 hold the name, 16 letters each.
    private static string? BrandString()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(unchecked((int)0x80000000), 0).Eax is var last && (uint)last < 0x80000004) return null;
        var letters = new int[12];
        for (var leaf = 0; leaf < 3; leaf++)
            (letters[4 * leaf], letters[4 * leaf + 1], letters[4 * leaf + 2], letters[4 * leaf + 3]) =
                X86Base.CpuId(unchecked((int)0x80000002) + leaf, 0);
        var name = Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>(letters)).Replace("\0", "");
        return name.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words ? string.Join(' ', words) : null;
    }
}

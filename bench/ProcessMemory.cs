using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ImageGen.Bench;

/// <summary>What this process holds of the machine's memory.</summary>
internal static partial class ProcessMemory
{
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nint keep);

    /// <summary>Bytes now.</summary>
    internal static long Resident
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return self.WorkingSet64;
        }
    }

    /// <summary>The most it ever was.</summary>
    internal static long Peak
    {
        get
        {
            const string status = "/proc/self/status";
            if (File.Exists(status) && File.ReadLines(status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line)
                return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            using var self = Process.GetCurrentProcess();
            return self.PeakWorkingSet64;
        }
    }

    /// <summary>Gives back what the C heap holds of memory that was freed, on Linux with glibc: it would hide what comes next.</summary>
    internal static void GiveBack()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (OperatingSystem.IsLinux()) Trim(0);
    }

    /// <summary>Lets <see cref="Peak"/> begin anew at what is held now, on Linux.</summary>
    internal static void ForgetPeak()
    {
        const string clear = "/proc/self/clear_refs";
        if (File.Exists(clear)) File.WriteAllText(clear, "5");
    }
}

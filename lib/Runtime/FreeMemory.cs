using System.Globalization;
using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>How much memory is left for tensors.</summary>
public static class FreeMemory
{
    /// <summary>Free bytes where a device's tensors lie; null where nobody tells, as on a GPU, whose driver TorchSharp cannot ask.</summary>
    /// <remarks>On Linux what the system could give at once, but never more than the container may have in all.</remarks>
    public static long? On(torch.Device device)
    {
        if (device.type != DeviceType.CPU) return null;
        var most = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return Available() is { } free ? Math.Min(free, most) : most;
    }

    internal static long? Available()
    {
        const string table = "/proc/meminfo";
        if (!OperatingSystem.IsLinux() || !File.Exists(table)) return null;
        var line = File.ReadLines(table).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kilobytes, ..]
            && long.TryParse(kilobytes, CultureInfo.InvariantCulture, out var value) ? 1024 * value : null;
    }
}

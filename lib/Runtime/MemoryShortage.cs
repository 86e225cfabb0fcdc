using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ImageGen.Runtime;

/// <summary>Memory ran out: the same work may do in smaller parts.</summary>
public sealed class MemoryShortageException : CourseException
{
    internal MemoryShortageException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Turns torch's many ways to say that memory ran out into one line that helps.</summary>
public static partial class MemoryShortage
{
    /// <summary>Runs work that may need more memory than there is.</summary>
    /// <param name="work">The work.</param>
    /// <param name="advice">What to lower, for example "lower the batch size or the picture size".</param>
    /// <exception cref="MemoryShortageException">Memory ran out: the message has the need, what is free, and the advice.</exception>
    public static T Explained<T>(Func<T> work, string advice)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is OutOfMemoryException || error is ExternalException && Shortage().IsMatch(error.Message))
        {
            throw new MemoryShortageException($"Memory ran out: {Need(error.Message)}{Free(error.Message)}; {advice}.", error);
        }
    }

    private static string Need(string message)
    {
        if (CpuNeed().Match(message) is { Success: true } cpu) return $"one step asked for {Size(double.Parse(cpu.Groups[1].Value, CultureInfo.InvariantCulture))} at once";
        if (CudaNeed().Match(message) is { Success: true } gpu) return $"one step asked the GPU for {gpu.Groups[1].Value} at once";
        return "one step asked for more than there was";
    }

    private static string Free(string message)
    {
        if (CudaFree().Match(message) is { Success: true } gpu) return $", and {gpu.Groups[1].Value} are free there";
        if (OperatingSystem.IsLinux() && File.Exists("/proc/meminfo")
            && File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal)) is { } line
            && double.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var kilobytes))
            return $", and {Size(kilobytes * 1024)} are free";
        return $", of {Size(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)} in all";
    }

    private static string Size(double bytes) => bytes switch
    {
        >= 1e15 => (bytes / 1e15).ToString("0.#", CultureInfo.InvariantCulture) + " PB",
        >= 1e12 => (bytes / 1e12).ToString("0.#", CultureInfo.InvariantCulture) + " TB",
        >= 1e9 => (bytes / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + " GB",
        _ => (bytes / 1e6).ToString("0", CultureInfo.InvariantCulture) + " MB",
    };

    [GeneratedRegex("not enough memory|can't allocate memory|out of memory", RegexOptions.IgnoreCase)]
    private static partial Regex Shortage();

    [GeneratedRegex("tried to allocate ([0-9]+) bytes")]
    private static partial Regex CpuNeed();

    [GeneratedRegex("Tried to allocate ([0-9.]+ [KMGT]i?B)")]
    private static partial Regex CudaNeed();

    [GeneratedRegex("([0-9.]+ [KMGT]i?B) (?:is )?free")]
    private static partial Regex CudaFree();
}

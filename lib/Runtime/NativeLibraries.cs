using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace ImageGen.Runtime;

/// <summary>Says in words why TorchSharp's native library, libtorch, did not load.</summary>
public static partial class NativeLibraries
{
    /// <summary>
    /// One sentence that says what is missing and what to do, when <paramref name="error"/> comes from a native library
    /// of TorchSharp (or of the pictures, SkiaSharp) that could not be loaded; null for every other error.
    /// </summary>
    /// <param name="error">An exception as it was caught; its inner ones are looked at too.</param>
    public static string? Explain(Exception error)
    {
        var chain = Chain(error).ToArray();
        var text = string.Join('\n', chain.Select(e => e.Message));
        var failed = chain.Any(e => e is DllNotFoundException or BadImageFormatException
            || e is NotSupportedException && e.Message.Contains("libtorch", StringComparison.OrdinalIgnoreCase));
        if (!failed) return null;

        var skia = text.Contains("libSkiaSharp", StringComparison.OrdinalIgnoreCase);
        if (!skia && !TorchLibrary().IsMatch(text)) return null;
        var library = skia ? "SkiaSharp's native library" : "TorchSharp's native library";

        if (MissingVersion().Match(text) is { Success: true } version)
            return $"{library} did not load: this system's C++ library lacks {version.Value}. "
                + "Build again with ./course run, which adapts the library, or use Debian 12, Ubuntu 22.04 or newer.";
        if (MissingFile().Match(text) is { Success: true } missing && !missing.Groups[1].Value.Contains("LibTorchSharp"))
            return $"{library} did not load: the file {missing.Groups[1].Value} is missing. {Advice(missing.Groups[1].Value)}";
        if (RuntimeInformation.OSArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return $"{library} did not load: it exists for x64 and arm64 processors, and this one is {RuntimeInformation.OSArchitecture}.";
        return $"{library} did not load: its files are not beside ImageGen.Lib.dll or are damaged. "
            + "Delete the bin and obj folders of the course and start ./course run again.";
    }

    // The names as the system's loader spells them; each comes with a package of its own.
    private static string Advice(string file) => file switch
    {
        _ when file.StartsWith("libgomp", StringComparison.Ordinal) => "Install the package libgomp1 and try again.",
        _ when file.StartsWith("libstdc++", StringComparison.Ordinal) => "Install the package libstdc++6 and try again.",
        _ when file.StartsWith("libcuda", StringComparison.Ordinal) || file.StartsWith("libcu", StringComparison.Ordinal) || file.StartsWith("libnv", StringComparison.Ordinal) =>
            "Install NVIDIA's driver, or build without IMAGEGEN_CUDA.",
        _ => "Delete the bin and obj folders of the course and start ./course run again.",
    };

    private static IEnumerable<Exception> Chain(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            yield return error;
            if (error is not AggregateException many) continue;
            foreach (var inner in many.InnerExceptions.Skip(1).SelectMany(Chain)) yield return inner;
        }
    }

    [GeneratedRegex("LibTorchSharp|libtorch|TorchSharp|torch_cpu|torch_cuda", RegexOptions.IgnoreCase)]
    private static partial Regex TorchLibrary();

    [GeneratedRegex(@"\b(GLIBCXX|GLIBC|CXXABI)_[0-9.]+[0-9]\b(?=.*not found)")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"([\w+.\-]+): cannot open shared object file")]
    private static partial Regex MissingFile();
}

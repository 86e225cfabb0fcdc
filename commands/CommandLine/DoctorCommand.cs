using System.CommandLine;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ImageGen.Course.Running;
using ImageGen.Runtime;
using SkiaSharp;
using Spectre.Console;
using TorchSharp;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course doctor</c>: what this machine has, and what to do about what it lacks.</summary>
internal static class DoctorCommand
{
    private const long EnoughMemory = 4_000_000_000, EnoughDisk = 3_000_000_000;

    /// <summary>One line of the report.</summary>
    /// <param name="Part">What was looked at.</param>
    /// <param name="Found">What there is.</param>
    /// <param name="ToDo">What to do; null when all is well.</param>
    /// <param name="IsNeeded">Whether the lessons do not run without.</param>
    private sealed record Line(string Part, string Found, string? ToDo = null, bool IsNeeded = false);

    public static Command Create()
    {
        var command = new Command("doctor", "Says what this machine has and what it lacks.");
        command.SetAction(
            _ => Report(
                [System_(), Memory(), Disk(), Dotnet(), Torch(), Convolutions(), Gpu(), Fonts(), Jupyter(), Cache()]));
        return command;
    }

    private static int Report(Line[] lines)
    {
        var grid = new Grid().AddColumn().AddColumn().AddColumn();
        foreach (var line in lines)
            grid.AddRow(
                new Markup(line.ToDo is null ? "[green]ok[/]" : line.IsNeeded ? "[red]no[/]" : "[yellow]–[/]"),
                new Spectre.Console.Text(line.Part),
                new Spectre.Console.Text(line.ToDo is null ? line.Found : $"{line.Found}. {line.ToDo}"));
        AnsiConsole.Write(grid);
        return lines.Any(line => line is { ToDo: not null, IsNeeded: true }) ? 1 : 0;
    }

    private static Line System_() => new("system", $"{RuntimeInformation.OSDescription}, "
        + $"{RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} cores");

    private static Line Memory()
    {
        var bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new Line("memory", RunSummary.Memory(bytes), bytes >= EnoughMemory ? null : "The lessons want 4 GB: "
            + "close other programs, or use --scale smoke");
    }

    private static Line Disk()
    {
        var free = new DriveInfo(Folders.Root).AvailableFreeSpace;
        return new Line("disk", $"{RunSummary.Memory(free)} free", free >= EnoughDisk ? null : "The course wants 3 "
            + "GB: free some space");
    }

    private static Line Dotnet() => new(".NET", RuntimeInformation.FrameworkDescription);

    private static Line Torch()
    {
        try { return new Line("TorchSharp", UseTorch()); }
        catch (Exception error) { return new Line("TorchSharp", "does not load", NativeLibraries.Explain(error)?.TrimEnd('.') ?? error.Message, IsNeeded: true); }
    }

    // Apart, so that a library that does not load is an exception here and not in the caller.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string UseTorch()
    {
        using var two = torch.ones(2).sum();
        return two.item<float>() == 2
            ? $"libtorch {torch.__version__}, {torch.get_num_threads()} threads"
            : throw new CourseException("1 + 1 is not 2");
    }

    private static Line Convolutions()
    {
        const string part = "convolutions";
        try
        {
            return Arithmetic.State switch
            {
                OneDnnState.Right => new Line(part, "checked, and right"),
                OneDnnState.Mended => new Line(part, "checked: wrong, since this machine hides the sizes of its "
                    + "caches from oneDNN; oneDNN was told, and they are right, at full speed"),
                OneDnnState.Off =>
                    new Line(part, "right, without oneDNN; training and painting take up to eight times as long",
                    "That is by IMAGEGEN_ONEDNN=off, or because oneDNN computes wrongly here and could not be mended"),
                _ => new Line(part, "not checked", $"{Arithmetic.Variable}=as-is keeps them as they are: unset it"),
            };
        }
        catch (Exception error) { return new Line(part, "not known", error is CourseException ? error.Message.TrimEnd('.') : "See TorchSharp", IsNeeded: true); }
    }

    private static Line Gpu()
    {
        try
        {
            return torch.cuda.is_available() ? new Line("GPU", $"CUDA, {torch.cuda.device_count()} device(s)")
                : new Line("GPU", "none is used", "Not needed at small scale; with an NVIDIA GPU, set IMAGEGEN_CUDA=1 "
                    + "and run again");
        }
        catch (Exception error) when (NativeLibraries.Explain(error) is not null) { return new Line("GPU", "not known", "See TorchSharp"); }
    }

    private static Line Fonts()
    {
        try
        {
            var count = SKFontManager.Default.FontFamilyCount;
            return new Line("fonts", count > 0 ? $"{count} families" : "none installed; charts use the library's own");
        }
        catch (Exception error) when (NativeLibraries.Explain(error) is { } sentence) { return new Line("fonts", "not known", sentence.TrimEnd('.'), IsNeeded: true); }
    }

    private static Line Jupyter()
    {
        foreach (var name in new[] { "jupyter-lab", "jupyter-notebook", "jupyter" })
            if (Which(name) is { } path) return new Line("Jupyter", path);
        return new Line("Jupyter", "not found", "Only needed to work in a browser; ./course run does without");
    }

    private static string? Which(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))
            .FirstOrDefault(File.Exists);

    private static Line Cache()
    {
        try
        {
            Directory.CreateDirectory(Folders.Cache);
            var bytes = new DirectoryInfo(Folders.Cache).EnumerateFiles("*", SearchOption.AllDirectories).Sum(
                file => file.Length);
            return new Line("cache", $"{Folders.Cache}, {RunSummary.Memory(bytes)}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Line("cache", $"{Folders.Cache} cannot be written", $"Set {Folders.CacheVariable} to a folder "
                + $"of yours");
        }
    }
}

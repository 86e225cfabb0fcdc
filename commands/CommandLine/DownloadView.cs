using System.Globalization;
using ImageGen.Weights;
using Spectre.Console;

namespace ImageGen.Course.CommandLine;

/// <summary>
/// Shows a download: bars in a terminal, else a line for every tenth of a file and for everything unusual.
/// </summary>
internal static class DownloadView
{
    public static async Task<string> ShowAsync(
        IAnsiConsole console, Source source, Func<IProgress<DownloadProgress>, Task<string>> fetch)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Out.IsTerminal)
            return await fetch(new Lines(console.Profile.Out.Writer));
        return await console.Progress()
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(context => fetch(new Bars(console, context)));
    }

    /// <summary>For example <c>574.7 MB</c>.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
    };

    private sealed class Bars(IAnsiConsole console, ProgressContext context) : IProgress<DownloadProgress>
    {
        private readonly Dictionary<string, ProgressTask> bars = [];

        public void Report(DownloadProgress value)
        {
            lock (bars)
            {
                if (!bars.TryGetValue(value.File, out var bar))
                    bars[value.File] = bar = context.AddTask(Markup.Escape(value.File), maxValue: value.Size);
                bar.Value = value.Done;
                if (value.Note is not null) console.MarkupLineInterpolated($"[grey]{value.File}: {value.Note}[/]");
            }
        }
    }

    private sealed class Lines(TextWriter output) : IProgress<DownloadProgress>
    {
        private readonly Dictionary<string, long> tenths = [];

        public void Report(DownloadProgress value)
        {
            lock (tenths)
            {
                var tenth = value.Done * 10 / value.Size;
                if (value.Note is null && tenths.GetValueOrDefault(value.File, -1) == tenth) return;
                tenths[value.File] = tenth;
                output.WriteLine($"{value.Source}/{value.File}: {Size(value.Done)} of "
                    + $"{Size(value.Size)}{(value.Note is null ? "" : $", {value.Note}")}");
            }
        }
    }
}

using System.Globalization;
using Spectre.Console;

namespace ImageGen.Course.Running;

/// <summary>The table at the end of a run.</summary>
internal static class RunSummary
{
    /// <summary>Prints the table, and a line for each failure.</summary>
    public static void Print(IAnsiConsole console, IReadOnlyList<LessonResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey)
            .AddColumn("lesson").AddColumn(new TableColumn("cells").RightAligned()).AddColumn(
                new TableColumn("seconds").RightAligned())
            .AddColumn(new TableColumn("peak memory").RightAligned()).AddColumn("result");
        foreach (var result in results)
            table.AddRow(
                Markup.Escape(result.Lesson.DisplayName),
                result.CellsRun == result.Cells ? $"{result.Cells}" : $"{result.CellsRun} of {result.Cells}",
                result.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture),
                result.PeakBytes > 0 ? Memory(result.PeakBytes) : "",
                result.Outcome switch
                {
                    LessonOutcome.Passed => "[green]passed[/]",
                    LessonOutcome.Failed => "[red]failed[/]",
                    _ => "[yellow]stopped[/]",
                });
        console.Write(table);
    }

    /// <summary>A time for people: <c>8.4 s</c>, <c>3 min 20 s</c>.</summary>
    public static string Seconds(TimeSpan time) => time.TotalSeconds switch
    {
        < 9.95 => time.TotalSeconds.ToString("0.0 's'", CultureInfo.InvariantCulture),
        < 59.5 => time.TotalSeconds.ToString("0 's'", CultureInfo.InvariantCulture),
        var seconds => $"{(int)Math.Round(seconds) / 60} min {(int)Math.Round(seconds) % 60:00} s",
    };

    /// <summary>Bytes for people: <c>812 MB</c>, <c>1.9 GB</c>.</summary>
    public static string Memory(long bytes) => bytes < 995_000_000
        ? $"{bytes / 1e6:0} MB"
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB");
}

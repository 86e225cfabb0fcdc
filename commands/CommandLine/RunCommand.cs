using System.CommandLine;
using ImageGen.Course.Pages;
using ImageGen.Course.Running;
using ImageGen.Runtime;
using Spectre.Console;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course run [NN …]</c></summary>
internal static class RunCommand
{
    private static readonly Argument<string[]> Wanted = new("lessons")
    {
        Description = "Numbers or names of lessons; none runs all. The word 'solutions' runs the solutions.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> Solutions = new("--solutions") { Description = "Run the solutions instead of "
        + "the lessons; a failed self-check fails the run." };
    private static readonly Option<string?> Size = new("--scale") { Description = "How much work: smoke (seconds), "
        + "small (minutes, the default) or full (a GPU and real data)." };
    private static readonly Option<string?> Output = new("--output") { Description = "Where the executed notebooks "
        + "and pages go; out/ in the course's folder when not given." };
    private static readonly Option<string?> Content = new("--content") { Description = "Your own content picture." };
    private static readonly Option<string?> Style = new("--style") { Description = "Your own style picture." };
    private static readonly Option<double?> Timeout = new("--timeout") { Description = "The most seconds that one "
        + "cell may take." };

    public static Command Create()
    {
        var command = new Command("run", "Executes lessons and writes executed notebooks and pages to look at.") { Wanted, Solutions, Size, Output, Content, Style, Timeout };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var wanted = parsed.GetValue(Wanted) ?? [];
        var ofSolutions = parsed.GetValue(Solutions) || wanted.Contains("solutions");
        var course = CourseCommands.LessonsOf(parsed);
        var lessons = course.Select([.. wanted.Where(word => word != "solutions")], ofSolutions);
        var scale = parsed.GetValue(Size) is { } size ? Scales.Parse(size) : Scales.Current;
        var folder = Path.GetFullPath(parsed.GetValue(Output) ?? Path.Combine(course.Root, "out"));
        var options = new RunOptions
        {
            Scale = scale,
            States = scale == Scale.Full ? Path.Combine(folder, "states") : null, // the other scales take minutes
            Content = Picture("--content", parsed.GetValue(Content)),
            Style = Picture("--style", parsed.GetValue(Style)),
            Timeout = parsed.GetValue(Timeout) switch
            {
                null => null,
                > 0 and < 1e6 and var seconds => TimeSpan.FromSeconds(seconds),
                var seconds => throw new CourseException($"--timeout {seconds} is no time to give a cell: it takes "
                    + $"seconds, more than 0."),
            },
        };
        var output = new RunOutput(folder);
        var results = await RunAllAsync(lessons, options, output.Write, cancellationToken);
        Summarize(results, cancellationToken);
        if (results.Any(result => result.Outcome != LessonOutcome.Passed)
            && Directory.Exists(options.States)
                && Directory.EnumerateFiles(options.States, "*", SearchOption.AllDirectories).Any())
            Console.Error.WriteLine($"What was done is kept in {options.States}: the same command goes on with it.");
        if (File.Exists(output.Index)) Console.WriteLine($"Look at {output.Index}");
        return ExitCode(results, cancellationToken);
    }

    /// <summary>
    /// Runs lessons one after another with a display, up to a Ctrl-C; a lesson that fails does not stop the next.
    /// </summary>
    public static async Task<IReadOnlyList<LessonResult>> RunAllAsync(
        IReadOnlyList<Lesson> lessons, RunOptions options, Action<LessonResult> keep, CancellationToken cancellationToken)
    {
        IRunView view = AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Out.IsTerminal
            ? new LiveRunView(AnsiConsole.Console) : new PlainRunView(Console.Out);
        var runner = new LessonRunner(options);
        var results = new List<LessonResult>();
        await view.ShowAsync(lessons, async () =>
        {
            foreach (var lesson in lessons)
            {
                if (cancellationToken.IsCancellationRequested) return;
                var result = await runner.RunAsync(lesson, view.Report, cancellationToken);
                results.Add(result);
                view.Ended(result);
                keep(result);
            }
        });
        return results;
    }

    /// <summary>Prints the table and what failed.</summary>
    public static void Summarize(IReadOnlyList<LessonResult> results, CancellationToken cancellationToken)
    {
        RunSummary.Print(AnsiConsole.Console, results);
        foreach (var result in results.Where(result => result.Failure is not null))
            Console.Error.WriteLine($"{result.Lesson.DisplayName}, {result.Failure}");
        if (cancellationToken.IsCancellationRequested) Console.Error.WriteLine("Stopped; what was finished is kept.");
    }

    /// <summary>What the results mean for the caller.</summary>
    public static int ExitCode(IReadOnlyList<LessonResult> results, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? 130 : results.All(result => result.Outcome == LessonOutcome.Passed) ? 0 : 1;

    private static string? Picture(string option, string? path) => path is null || File.Exists(path)
        ? path is null ? null : Path.GetFullPath(path)
        : throw new CourseException($"{option} {path}: there is no such file.");
}

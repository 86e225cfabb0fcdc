using System.CommandLine;
using System.Globalization;
using ImageGen.Course.Pages;
using ImageGen.Course.Running;
using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Style;
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

    private static readonly Option<bool> Solutions = new("--solutions") { Description = "Run the solutions instead of the lessons; a failed self-check fails the run." };
    private static readonly Option<string?> Size = new("--scale") { Description = "How much work: smoke (seconds), small (minutes, the default) or full (a GPU and real data)." };
    private static readonly Option<string?> Output = new("--output")
    {
        Description = "Where the executed notebooks and pages go; out/ in the course's folder when not given. "
            + "A .png or .jpg gets the lesson's painting itself, and the pages go to out/.",
    };

    private static readonly Option<string?> Content = new("--content") { Description = "Your own content picture, or the name of one of the course's." };
    private static readonly Option<string?> Style = new("--style") { Description = "Your own style picture, or the name of one of the course's." };
    private static readonly Option<int?> PaintingSize = new("--size") { Description = "The painting's longer side in pixels, 32 to 4096." };
    private static readonly Option<double?> Strength = new("--strength") { Description = "How much the style counts against the content (β): 40 is usual, 10 little, 100 much." };
    private static readonly Option<bool> KeepColors = new("--keep-colors") { Description = "Keep the content's colors." };
    private static readonly Option<double?> Timeout = new("--timeout") { Description = "The most seconds that one cell may take." };

    public static Command Create()
    {
        var command = new Command("run", "Executes lessons and writes executed notebooks and pages to look at.") 
        {
            Wanted, Solutions, Size, Output, Content, Style, PaintingSize, Strength, KeepColors, Timeout,
        };
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
        var output = parsed.GetValue(Output);
        var painting = IsPicture(output) ? Path.GetFullPath(output!) : null;
        var folder = Path.GetFullPath(painting is null && output is not null ? output : Path.Combine(course.Root, "out"));
        var options = new RunOptions
        {
            Scale = scale,
            States = scale == Scale.Full ? Path.Combine(folder, "states") : null, // the other scales take minutes
            Content = Picture("--content", parsed.GetValue(Content), CoursePictures.Contents),
            Style = Picture("--style", parsed.GetValue(Style), CoursePictures.Styles),
            Painting = PaintingOf(parsed, painting),
            Timeout = parsed.GetValue(Timeout) switch
            {
                null => null,
                > 0 and < 1e6 and var seconds => TimeSpan.FromSeconds(seconds),
                var seconds => throw new CourseException($"--timeout {seconds} is no time to give a cell: it takes "
                    + $"seconds, more than 0."),
            },
        };
        var pages = new RunOutput(folder);
        var before = painting is null ? default : File.GetLastWriteTimeUtc(painting);
        var results = await RunAllAsync(lessons, options, pages.Write, cancellationToken);
        Summarize(results, cancellationToken);
        if (results.Any(result => result.Outcome != LessonOutcome.Passed)
            && Directory.Exists(options.States)
                && Directory.EnumerateFiles(options.States, "*", SearchOption.AllDirectories).Any())
            Console.Error.WriteLine($"What was done is kept in {options.States}: the same command goes on with it.");
        if (painting is not null && results.All(result => result.Outcome == LessonOutcome.Passed))
        {
            if (!File.Exists(painting) || File.GetLastWriteTimeUtc(painting) == before)
                throw new CourseException($"--output {output}: {string.Join(", ", lessons.Select(lesson => lesson.DisplayName))} paints no picture to keep; 02 does.");
            Console.WriteLine($"The painting is {painting}");
        }
        if (File.Exists(pages.Index)) Console.WriteLine($"Look at {pages.Index}");
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

    private static bool IsPicture(string? path) =>
        Path.GetExtension(path)?.ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp" && !Directory.Exists(path);

    // What the lesson's process is told in variables; wrong numbers are said here, before anything runs.
    private static Dictionary<string, string> PaintingOf(ParseResult parsed, string? file)
    {
        var variables = new Dictionary<string, string>();
        if (file is not null)
        {
            if (!Directory.Exists(Path.GetDirectoryName(file)))
                throw new CourseException($"--output {file}: its folder does not exist.");
            variables[CoursePictures.PaintingVariable] = file;
        }
        if (parsed.GetValue(PaintingSize) is { } size)
            variables[OwnStyleOptions.SizeVariable] = size is >= 32 and <= 4096 ? $"{size}"
                : throw new CourseException($"--size {size}: a painting's longer side has 32 to 4096 pixels.");
        if (parsed.GetValue(Strength) is { } strength)
            variables[OwnStyleOptions.StrengthVariable] = strength is >= 0 and <= 1e6 ? strength.ToString("R", CultureInfo.InvariantCulture)
                : throw new CourseException($"--strength {strength}: it is a number from 0 to a million; 40 is usual.");
        if (parsed.GetValue(KeepColors)) variables[OwnStyleOptions.KeepColorsVariable] = "1";
        return variables;
    }

    private static string? Picture(string option, string? path, IReadOnlyList<string> names) =>
        path is null ? null : File.Exists(path) ? Path.GetFullPath(path)
        : names.Contains(path, StringComparer.OrdinalIgnoreCase) ? path
        : throw new CourseException($"{option} {path}: there is no such file. The course has {string.Join(", ", names)}.");
}

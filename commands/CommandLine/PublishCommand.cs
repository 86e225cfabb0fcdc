using System.CommandLine;
using ImageGen.Course.Publishing;
using ImageGen.Course.Running;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course publish [NN …]</c></summary>
internal static class PublishCommand
{
    private static readonly Argument<string[]> Wanted = new("lessons") { Description = "Numbers or names of lessons; "
        + "none publishes all.", Arity = ArgumentArity.ZeroOrMore };

    public static Command Create()
    {
        var command = new Command("publish", "Executes lessons and their solutions at small scale and writes the "
            + "outputs into the committed notebooks.") { Wanted };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var course = CourseCommands.LessonsOf(parsed);
        var lessons = course.Select(parsed.GetValue(Wanted) ?? []);
        var solutions = course.All.Where(lesson => lesson.IsSolution && lessons.Any(l => l.Number == lesson.Number));
        var options = new RunOptions { Scale = Scale.Small, OnlyTheCourses = true };
        var results = await RunCommand.RunAllAsync(
            [.. lessons, .. solutions], options, result => Keep(result, course.Root), cancellationToken);
        RunCommand.Summarize(results, cancellationToken);
        return RunCommand.ExitCode(results, cancellationToken);
    }

    // A lesson that did not end well keeps the outputs that it had.
    private static void Keep(LessonResult result, string root)
    {
        if (result is not { Outcome: LessonOutcome.Passed, Notebook: { } notebook }) return;
        GalleryPictures.Write(notebook, root);
        Publisher.Clean(notebook, root);
        notebook.Write(result.Lesson.Path);
    }
}

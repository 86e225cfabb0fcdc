using System.CommandLine;
using ImageGen.Course.Checking;
using ImageGen.Course.Running;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course check [--upstream [NN …]]</c></summary>
internal static class CheckCommand
{
    private static readonly Argument<string[]> Wanted = new("lessons")
    {
        Description = "With --upstream: numbers or names of lessons; none means all, the solutions too.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> Upstream = new("--upstream")
    {
        Description = "Execute notebooks at smoke scale on the archived .NET Interactive, too, and compare what it "
            + "shows with ours.",
    };

    public static Command Create()
    {
        var command = new Command("check", "Checks every notebook (order, form, outputs fresh and visible) and every "
            + "link.") { Wanted, Upstream };
        command.SetAction((parsed, cancellationToken) =>
        {
            var (lessons, wanted) = (CourseCommands.LessonsOf(parsed), parsed.GetValue(Wanted) ?? []);
            if (parsed.GetValue(Upstream)) return CompareAsync(lessons, wanted, cancellationToken);
            if (wanted.Length > 0)
                throw new CourseException("Only check --upstream takes lessons: without it every notebook is checked.");
            var findings = CourseCheck.Run(lessons);
            foreach (var finding in findings) Console.WriteLine(finding);
            return Task.FromResult(Summary(lessons.All.Count(), findings.Count));
        });
        return command;
    }

    private static async Task<int> CompareAsync(Lessons lessons, string[] wanted, CancellationToken cancellationToken)
    {
        var numbers = lessons.Select(wanted).Select(lesson => lesson.Number).ToHashSet();
        Lesson[] asked = [.. lessons.All.Where(lesson => numbers.Contains(lesson.Number))];
        using var run = new UpstreamRun(Folders.Cache);
        var count = 0;
        foreach (var lesson in asked)
        {
            var file = Path.GetRelativePath(lessons.Root, lesson.Path).Replace('\\', '/');
            var findings = await run.CompareAsync(lesson, file, cancellationToken);
            if (findings.Count == 0) Console.WriteLine($"{lesson.DisplayName}: the same on both kernels");
            foreach (var finding in findings) Console.WriteLine(finding);
            count += findings.Count;
        }
        return Summary(asked.Length, count);
    }

    private static int Summary(int notebooks, int findings)
    {
        Console.WriteLine($"{notebooks} notebooks checked, "
            + $"{(findings == 0 ? "nothing to mend" : $"{findings} to mend")}.");
        return findings == 0 ? 0 : 1;
    }
}

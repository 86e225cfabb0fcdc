using System.CommandLine;
using ImageGen.Course.Checking;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course check</c></summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", "Checks every notebook (order, form, outputs fresh and visible) and every link.");
        command.SetAction(parsed =>
        {
            var lessons = CourseCommands.LessonsOf(parsed);
            var findings = CourseCheck.Run(lessons);
            foreach (var finding in findings) Console.WriteLine(finding);
            Console.WriteLine($"{lessons.All.Count()} notebooks checked, {(findings.Count == 0 ? "nothing to mend" : $"{findings.Count} to mend")}.");
            return findings.Count == 0 ? 0 : 1;
        });
        return command;
    }
}

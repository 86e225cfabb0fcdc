using System.CommandLine;
using System.Xml.Linq;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course test</c>: the last line it prints is <c>N passed, N failed, N skipped</c>.</summary>
internal static class TestCommand
{
    private static readonly Argument<string[]> Passed = new("arguments") { Description = "For the test program, for "
        + "example -class ImageGen.Tests.EngineTests", Arity = ArgumentArity.ZeroOrMore };

    public static Command Create()
    {
        var command = new Command("test", "Builds and runs the tests.") { Passed };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var tests = Path.Combine(Folders.Root, "tests");
        await ProjectCommand.BuildAsync(tests, cancellationToken);
        var report = Path.Combine(Path.GetTempPath(), $"imagegen-tests-{Guid.NewGuid():N}.xml");
        try
        {
            // Colors end in a code without a line end, which would stand before the last line.
            string[] plain = Console.IsOutputRedirected ? ["-noColor"] : [];
            var code = await ProjectCommand.RunAsync(
                Path.Combine(tests, "bin", "ImageGen.Tests.dll"), [.. parsed.UnmatchedTokens, .. parsed.GetValue(Passed) ?? [], .. plain, "-xml", report], cancellationToken);
            if (!File.Exists(report))
                throw new CourseException($"The tests ended before they could report (exit code {code}).");
            var (passed, failed, skipped) = Sums(XDocument.Load(report));
            Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
            return code == 0 && failed == 0 && passed > 0 ? 0 : Math.Max(code, 1);
        }
        finally { File.Delete(report); }
    }

    /// <summary>
    /// The sums of a report in xunit's second format; errors outside tests (a fixture that fails) count as failures.
    /// </summary>
    internal static (int Passed, int Failed, int Skipped) Sums(XDocument report)
    {
        var assemblies = report.Root?.Elements("assembly").ToArray() ?? [];
        return (Sum("passed"), Sum("failed") + Sum("errors"), Sum("skipped"));

        int Sum(string name) => assemblies.Sum(assembly => (int?)assembly.Attribute(name) ?? 0);
    }
}

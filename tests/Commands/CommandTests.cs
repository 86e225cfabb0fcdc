using System.Xml.Linq;
using ImageGen.Course.CommandLine;
using ImageGen.Course.Running;

namespace ImageGen.Tests.Commands;

/// <summary>Small pieces of the commands.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TestCourse course = new();

    public void Dispose() => course.Dispose();

    [Fact]
    public void The_sums_of_a_test_report_count_errors_outside_tests_as_failures()
    {
        var report = XDocument.Parse("""
            <assemblies>
              <assembly name="a" total="7" passed="4" failed="1" skipped="2" errors="0" />
              <assembly name="b" total="3" passed="3" failed="0" skipped="0" errors="1" />
            </assemblies>
            """);
        Assert.Equal((7, 2, 2), TestCommand.Sums(report));
        Assert.Equal((0, 0, 0), TestCommand.Sums(XDocument.Parse("<assemblies />")));
    }

    [Fact]
    public async Task Doctor_says_what_this_machine_has()
    {
        var run = await course.Run("doctor");
        Assert.Equal(0, run.ExitCode);
        foreach (var part in new[] { "system", "memory", "disk", ".NET", "TorchSharp", "GPU", "fonts", "Jupyter", "cache" }) Assert.Contains(part, run.Output);
        Assert.Contains("libtorch", run.Output);
    }

    [Fact]
    public async Task Help_lists_the_commands_and_hides_the_hosts()
    {
        var run = await course.Run("--help");
        Assert.Equal(0, run.ExitCode);
        foreach (var command in new[] { "run", "test", "doctor", "publish", "check", "bench" }) Assert.Contains($"  {command} ", run.Output);
        Assert.DoesNotContain("  host ", run.Output);
        Assert.DoesNotContain("--root", run.Output);
    }

    [Theory]
    [InlineData("1", "01-b")]
    [InlineData("01", "01-b")]
    [InlineData("00-A", "00-a")]
    [InlineData("01 00 1", "00-a 01-b")]
    [InlineData("", "00-a 01-b 10-c")]
    public void Lessons_are_chosen_by_number_or_name_and_come_in_order(string wanted, string expected)
    {
        foreach (var name in new[] { "10-c", "00-a", "01-b" }) course.Notebook(name + ".ipynb");
        course.Raw("draft.ipynb", "{}");
        var lessons = new Lessons(course.Root).Select(wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(expected, string.Join(' ', lessons.Select(lesson => lesson.Name)));
    }

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(8.44, "8.4 s")]
    [InlineData(9.97, "10 s")]
    [InlineData(59.6, "1 min 00 s")]
    [InlineData(200.2, "3 min 20 s")]
    public void Times_are_for_people(double seconds, string expected) => Assert.Equal(expected, RunSummary.Seconds(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(812_400_000, "812 MB")]
    [InlineData(1_940_000_000, "1.9 GB")]
    public void Memory_is_for_people(long bytes, string expected) => Assert.Equal(expected, RunSummary.Memory(bytes));
}

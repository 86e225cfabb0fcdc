using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Course.Pages;
using ImageGen.Kernel.Jupyter;
using ImageGen.Runtime;

namespace ImageGen.Tests.Jupyter;

/// <summary>The files of the classroom agree with the course they belong to.</summary>
public sealed partial class ClassroomTests
{
    [Fact]
    public void Binder_has_the_environment_that_people_have() => Assert.Equal(Read("environment.yml"), Read("binder/environment.yml"));

    [Fact]
    public void The_shared_cache_is_filled_with_every_source_that_the_course_knows()
    {
        var known = JsonNode.Parse(Read("data/sources.json"))!["sources"]!.AsArray().Select(source => (string)source!["name"]!);
        var command = FetchCommand().Match(Read("deploy/jupyterhub/cache.yaml")).Groups[1].Value;
        Assert.Equal(known.Order(), command.Split(',', StringSplitOptions.TrimEntries).Order());
    }

    [Fact]
    public void The_limits_hold_the_largest_lesson_beside_Jupyter_and_a_second_kernel()
    {
        var lessons = LessonMemory().Matches(Read("docs/teaching.md")).Select(row => double.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
        Assert.NotEmpty(lessons);
        foreach (var file in new[] { "deploy/jupyterhub/values.yaml", "deploy/lab-room/docker-compose.yml" })
        {
            var limits = MemoryLimit().Matches(Read(file)).Select(limit => int.Parse(limit.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
            Assert.NotEmpty(limits);
            Assert.All(limits, limit => Assert.True(limit >= lessons.Max() + 1, $"{file}: {limit} GB for a lesson of {lessons.Max()} GB"));
        }
    }

    [Fact]
    public void The_development_container_installs_the_kernel()
    {
        var container = JsonNode.Parse(Read(".devcontainer/devcontainer.json"))!;
        Assert.Equal("./course kernel install --user", (string?)container["postCreateCommand"]);
        Assert.Contains("ms-toolsai.jupyter", container["customizations"]!["vscode"]!["extensions"]!.AsArray().Select(e => (string?)e));
    }

    [Theory]
    [InlineData("a $x^2$ b", "a <math><msup>")]
    [InlineData("$$\nG = F F^\\top\n$$", "<math display=\"block\">")]
    [InlineData("it costs $5 and $6", "it costs $5 and $6")]
    [InlineData("`$x$` and\n```\n$y$\n```", "`$x$` and\n```\n$y$\n```")]
    [InlineData("$\\thisisnocommand{x}$", "$\\thisisnocommand{x}$")]
    public void Formulas_of_slides_become_MathML_and_nothing_else_does(string markdown, string start) =>
        Assert.StartsWith(start, SlideMath.Convert(markdown));

    [Fact]
    public void Signs_in_a_formula_mean_nothing_to_Markdown()
    {
        var math = SlideMath.Convert("$a | b | c$");
        Assert.DoesNotContain('|', math);
        Assert.Contains("&#124;", math);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Folders.Root, file));

    [GeneratedRegex(@"^\| \d\d .*\| ([\d.]+) GB \|", RegexOptions.Multiline)]
    private static partial Regex LessonMemory();

    [GeneratedRegex(@"(?:memory: \{.*limit: |mem_limit: |CLASS_MEMORY:-)(\d+)G")]
    private static partial Regex MemoryLimit();

    [GeneratedRegex(@"data, fetch, ([^\]]+)\]")]
    private static partial Regex FetchCommand();
}

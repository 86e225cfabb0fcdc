using ImageGen.Course.CommandLine;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>The parts of <c>./course data</c> that show what the library found.</summary>
public class DataCommandTests
{
    [Theory]
    [InlineData(502, "0.5 kB")]
    [InlineData(574_673_361, "574.7 MB")]
    [InlineData(3_438_167_540, "3.4 GB")]
    public void SizesAreShownInDecimalUnits(long bytes, string expected) => Assert.Equal(expected, DownloadView.Size(bytes));

    [Fact]
    public async Task WithoutATerminalADownloadIsAFewLines()
    {
        var output = new StringWriter();
        var console = Spectre.Console.AnsiConsole.Create(new() { Out = new Spectre.Console.AnsiConsoleOutput(output) });
        var source = new Source("net", "A net", "CC0", [], []);
        Assert.Equal("path", await DownloadView.ShowAsync(console, source, progress =>
        {
            for (var done = 0; done <= 1000; done++) progress.Report(new("net", "f.bin", done * 1000, 1_000_000));
            progress.Report(new("net", "f.bin", 1_000_000, 1_000_000, "checking"));
            return Task.FromResult("path");
        }));
        var lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12, lines.Length);
        Assert.Equal("net/f.bin: 500.0 kB of 1.0 MB", lines[5]);
        Assert.Equal("net/f.bin: 1.0 MB of 1.0 MB, checking", lines[^1]);
    }

    [Fact]
    public void TheCommandHasItsParts() =>
        Assert.Equal(["draw", "fetch", "list", "verify"], DataCommand.Create().Subcommands.Select(command => command.Name).Order());
}

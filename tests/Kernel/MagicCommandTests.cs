using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Kernel;

/// <summary>The <c>#!</c> lines that people know from .NET Interactive.</summary>
public sealed class MagicCommandTests : IDisposable
{
    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task TimeShowsHowLongTheRestOfTheCellTook()
    {
        await run.Ok("#!time\nSystem.Threading.Thread.Sleep(120);");
        var text = Shown("text/plain");
        Assert.Matches(@"^Wall time: \d+(\.\d+)? ms$", text);
        Assert.InRange(double.Parse(text.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture), 119, 60_000);
    }

    [Fact]
    public async Task WhoNamesEachVariableOnce()
    {
        await run.Ok("#!who");
        Assert.Equal("No variables.", Shown("text/plain"));
        await run.Ok("var later = 1; var early = \"<b>\";");
        await run.Ok("var later = 2.5;");
        await run.Ok("#!who");
        Assert.Equal("early\nlater", Shown("text/plain"));
        await run.Ok("#!whos");
        Assert.Contains("later\tdouble\t2.5", Shown("text/plain").Replace("System.Double", "double"));
        Assert.Contains("<td>&lt;b&gt;</td>", Shown("text/html"));
    }

    [Fact]
    public async Task AValueThatThrowsHidesNoOther()
    {
        await run.Ok("class Broken { public override string ToString() => throw new InvalidOperationException(); } var bad = new Broken(); var good = 7;");
        await run.Ok("#!whos");
        Assert.Contains("(InvalidOperationException)", Shown("text/plain"));
        Assert.Contains("good", Shown("text/plain"));
    }

    [Fact]
    public async Task ALineThatTellsSomethingLeavesTheCodeAroundItAsItIs()
    {
        await run.Ok("var a = 1;\n#!lsmagic\nvar b = a + 1;\nb");
        Assert.Contains("#!whos", Shown("text/plain"));
        Assert.Equal("2", (string?)Assert.Single(run.Outputs.OfType<ResultOutput>()).Bundle["text/plain"]);
        await run.Ok("#!about");
        Assert.Contains("Roslyn", Shown("text/plain"));
        Assert.Equal(3, (await run.Fails("var c = 1;\n#!time\nc = \"x\";")).Line);
    }

    [Theory]
    [InlineData("#!mermaid\ngraph TD", "```mermaid")]
    [InlineData("#!javascript\nalert(1)", "<script>")]
    [InlineData("#!fsharp\nlet x = 1", "C# alone")]
    [InlineData("#!frobnicate", "#!lsmagic")]
    public async Task WhatDoesNotExistNamesTheRemedyInOneLine(string code, string remedy)
    {
        var error = await run.Fails(code);
        Assert.Contains(remedy, error.Text);
        Assert.DoesNotContain('\n', error.Text);
    }

    [Fact]
    public async Task AStyleIsShownAsHtml()
    {
        await run.Ok("Kernel.CSS(\".x { color: red }\");");
        Assert.Equal("<style>.x { color: red }</style>", Shown("text/html"));
    }

    [Fact]
    public async Task WhatFailsInOneWayIsShownInTheOther()
    {
        await run.Ok("""
            class Half { }
            Formatter.Register<Half>(h => throw new InvalidOperationException("no JSON"), "application/json");
            Formatter.Register<Half>(h => "half", "text/plain");
            Formatter.SetPreferredMimeTypesFor(typeof(Half), "application/json", "text/plain");
            """);
        await run.Ok("new Half()");
        var bundle = Assert.Single(run.Outputs.OfType<ResultOutput>()).Bundle;
        Assert.Equal(("text/plain", "half"), (Assert.Single(bundle).Key, (string?)bundle["text/plain"]));
    }

    private string Shown(string mimeType) => (string)run.Display()[mimeType]!;
}

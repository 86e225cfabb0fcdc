using System.Text.Json;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using Microsoft.DotNet.Interactive;

namespace ImageGen.Tests.Kernel;

/// <summary>What cells show, and how.</summary>
public sealed class DisplayTests : IDisposable
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    // A type of a student's own that shows itself in two ways at once, as the library's charts do.
    private const string Chart = """
        using System.IO;
        using Microsoft.DotNet.Interactive.Formatting;
        [TypeFormatterSource(typeof(Source), PreferredMimeTypes = new[] { "application/vnd.plotly.v1+json", "image/png" })]
        class Chart { public string Title = "loss"; }
        class Source : ITypeFormatterSource
        {
            public IEnumerable<ITypeFormatter> CreateTypeFormatters() => new ITypeFormatter[] { new Json(), new Png() };
        }
        class Json : ITypeFormatter
        {
            public string MimeType => "application/vnd.plotly.v1+json";
            public Type Type => typeof(Chart);
            public bool Format(object value, FormatContext context) { context.Writer.Write("{\"data\":[{\"y\":[1,2.5]}],\"title\":\"" + ((Chart)value).Title + "\"}"); return true; }
        }
        class Png : ITypeFormatter
        {
            public string MimeType => "image/png";
            public Type Type => typeof(Chart);
            public bool Format(object value, FormatContext context) { context.Writer.Write("aGk="); return true; }
        }
        """;

    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task Display_shows_a_value_where_it_stands()
    {
        await run.Ok("Console.Write(\"a\"); display(3); Console.Write(\"b\");");
        Assert.Equal([typeof(StreamOutput), typeof(DisplayOutput), typeof(StreamOutput)], run.Outputs.Select(o => o.GetType()));
        Assert.Equal("3", (string?)run.Display()["text/plain"]);
    }

    [Fact]
    public async Task Several_mime_types_make_one_bundle()
    {
        await run.Ok("display(new { A = 1 }, \"text/html\", \"text/plain\");");
        Assert.Equal(["text/html", "text/plain"], run.Display().Select(d => d.Key));
    }

    [Fact]
    public async Task A_types_own_formatters_make_one_bundle_with_json_as_json()
    {
        await run.Ok(Chart);
        await run.Ok("new Chart()");
        var bundle = Assert.Single(run.Outputs.OfType<ResultOutput>()).Bundle;
        Assert.Equal(["application/vnd.plotly.v1+json", "image/png"], bundle.Select(d => d.Key));
        Assert.Equal(2.5, (double?)bundle["application/vnd.plotly.v1+json"]?["data"]?[0]?["y"]?[1]);
        Assert.Equal("aGk=", (string?)bundle["image/png"]);
    }

    [Theory]
    [InlineData("\"text\"", "text/plain")]
    [InlineData("1.5", "text/plain")]
    [InlineData("DayOfWeek.Monday", "text/plain")]
    [InlineData("HTML(\"<i>x</i>\")", "text/html")]
    [InlineData("new { A = 1 }", "text/html text/plain")]
    public async Task Values_choose_what_they_are_shown_as(string value, string mimeTypes)
    {
        await run.Ok(value);
        Assert.Equal(mimeTypes.Split(' '), Assert.Single(run.Outputs.OfType<ResultOutput>()).Bundle.Select(d => d.Key));
    }

    [Theory]
    [InlineData("display(HTML(\"<i>x</i>\"))")]
    [InlineData("\"x\".DisplayAs(\"text/html\")")]
    [InlineData("KernelInvocationContext.Current.Display(1)")]
    public async Task What_was_shown_is_not_shown_again_as_a_value(string code)
    {
        await run.Ok(code);
        Assert.IsType<DisplayOutput>(Assert.Single(run.Outputs));
    }

    [Fact]
    public async Task DisplayAs_passes_text_and_pictures_through()
    {
        await run.Ok($"\"{Pixel}\".DisplayAs(\"image/png\");");
        Assert.Equal(Pixel, (string?)run.Display()["image/png"]);
        await run.Ok("\"{\\\"a\\\": [1]}\".DisplayAs(\"application/json\");");
        Assert.Equal(JsonValueKind.Object, run.Display()["application/json"]!.GetValueKind());
    }

    [Fact]
    public async Task An_update_names_the_display_it_replaces()
    {
        await run.Ok("var shown = display(\"a\"); shown.Update(\"b\");");
        await run.Ok("var again = KernelInvocationContext.Current.Display(\"x\"); again.Update(\"y\");");
        var (display, update) = (Assert.Single(run.Outputs.OfType<DisplayOutput>()), Assert.Single(run.Outputs.OfType<UpdateDisplay>()));
        Assert.Equal(display.DisplayId, update.DisplayId);
        Assert.Equal("y", (string?)update.Bundle["text/plain"]);
    }

    [Theory]
    [InlineData("1.Display()")]
    [InlineData("\"x\".Display()")]
    [InlineData("new[] { 1 }.Display(\"text/plain\")")]
    [InlineData("HTML(\"<i>x</i>\").Display()")]
    public async Task What_Display_returns_updates_the_same_place(string code)
    {
        await run.Ok($"{code}.Update(2);");
        var (display, update) = (Assert.Single(run.Outputs.OfType<DisplayOutput>()), Assert.Single(run.Outputs.OfType<UpdateDisplay>()));
        Assert.Equal(display.DisplayId, update.DisplayId);
        Assert.Contains("2", (string?)update.Bundle["text/plain"] ?? (string?)update.Bundle["text/html"]);
    }

    [Fact]
    public async Task An_update_may_come_from_any_thread_and_from_a_later_cell()
    {
        await run.Ok("var shown = display(0);");
        await run.Ok("var thread = new System.Threading.Thread(() => shown.Update(1)); thread.UnsafeStart(); thread.Join(); shown.Update(2);");
        Assert.Empty(run.Outputs.OfType<ErrorOutput>()); // Updates go to the sink of the cell that displayed.
    }

    // The library looks these names up by reflection, so that it needs neither kernel at compile time.
    [Fact]
    public void The_names_of_dotnet_interactive_are_public_in_their_shapes()
    {
        var context = typeof(EngineRun).Assembly.GetReferencedAssemblies().Select(System.Reflection.Assembly.Load)
            .Select(assembly => assembly.GetType("Microsoft.DotNet.Interactive.KernelInvocationContext")).Single(type => type is not null)!;
        Assert.Equal(typeof(KernelInvocationContext), context);
        Assert.True(context.IsPublic);
        Assert.True(context.GetProperty("Current")!.GetMethod!.IsStatic);
        var display = context.GetMethod("Display", [typeof(object), typeof(string[])])!;
        Assert.Equal("Microsoft.DotNet.Interactive.Formatting.DisplayedValue", display.ReturnType.FullName);
        Assert.NotNull(display.ReturnType.GetMethod("Update", [typeof(object)]));
        Assert.Null(KernelInvocationContext.Current);
    }

    [Fact]
    public async Task A_formatter_that_throws_is_an_error_of_the_cell()
    {
        await run.Ok("using Microsoft.DotNet.Interactive.Formatting; class Odd {} Formatter.Register<Odd>(x => throw new InvalidOperationException(\"cannot show\"), \"text/plain\");");
        Assert.Contains("cannot show", (await run.Fails("display(new Odd(), \"text/plain\");")).Text);
    }
}

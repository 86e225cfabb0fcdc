using System.Text.Json.Nodes;
using ImageGen.Course.Checking;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Setup;
using ImageGen.Imaging;

namespace ImageGen.Tests.Commands;

/// <summary>What two kernels show is compared by kind, and the archived one is installed in its one version.</summary>
public sealed class UpstreamRunTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void HowAThingIsSaidMakesNoDifference()
    {
        const string Warning = "\n(1,9): warning CS1701: Assuming assembly reference\n";
        Assert.Empty(Compared([Shown("text/plain", "3")], [Shown("text/html", "<pre>3</pre>")]));
        Assert.Empty(Compared([Stream("stdout", "a\nb\n")], [Stream("stdout", "a\n"), Stream("stdout", "b\n")]));
        Assert.Empty(Compared([], [Shown("text/html", "<div id='dotnet-interactive-this-cell-1'></div>")]));
        Assert.Empty(Compared([Stream("stdout", "1")], [Stream("stderr", Warning), Stream("stdout", "1")]));
    }

    [Fact]
    public void WhatIsShownMakesOne()
    {
        var json = Shown("application/vnd.plotly.v1+json", "{}");
        Assert.Contains("picture 4×3, and .NET Interactive picture 4×2", One([Png(4, 3)], [Png(4, 2)]));
        Assert.Contains("chart 4×3, and .NET Interactive picture 4×3", One([Png(4, 3, chart: true)], [Png(4, 3)]));
        Assert.Contains("chart 4×3, and .NET Interactive chart without a picture", One([Png(4, 3, chart: true)], [json]));
        Assert.Contains("picture 4×3, picture 4×3, and .NET Interactive picture 4×3", One([Png(4, 3), Png(4, 3)], [Png(4, 3)]));
        Assert.Contains("text, value, and .NET Interactive nothing", One([Stream("stdout", "1"), Shown("text/plain", "2")], []));
        Assert.Contains("standard error (warning CS8632: nullable)", One([], [Stream("stderr", "warning CS8632: nullable\n")]));
        Assert.Contains("error (FileNotFoundException: x)", One([], [Error("FileNotFoundException: x\n   at y")]));
    }

    [Theory]
    [InlineData("echo 1.0.712001+df4e5cb", true)]
    [InlineData("echo 1.0.522904+abc", false)] // another version
    [InlineData("exit 3", false)] // half installed: its store is gone
    public void OnlyTheWholeToolOfTheVersionWillDo(string does, bool expected)
    {
        Assert.False(UpstreamTool.IsWhole(folder.Path)); // missing
        if (OperatingSystem.IsWindows()) return; // the stand-in is a shell script
        var program = folder["dotnet-interactive"];
        File.WriteAllText(program, $"#!/bin/sh\n{does}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(expected, UpstreamTool.IsWhole(folder.Path));
        File.SetUnixFileMode(program, UnixFileMode.UserRead);
        Assert.False(UpstreamTool.IsWhole(folder.Path)); // may not be run
    }

    [Fact]
    public async Task LessonsAreNamedOnlyForTheComparison()
    {
        using var course = new TestCourse();
        Assert.Contains("Only check --upstream takes lessons", (await course.Run("check", "02")).Line);
    }

    private static string One(JsonObject[] ours, JsonObject[] theirs) => Assert.Single(Compared(ours, theirs)).What;

    private static IReadOnlyList<Finding> Compared(JsonObject[] ours, JsonObject[] theirs) =>
        UpstreamRun.Differences("a.ipynb", Of(ours), Of(theirs));

    private static Notebook Of(JsonObject[] outputs)
    {
        using var folder = new TemporaryFolder();
        var cell = new JsonObject
        {
            ["cell_type"] = "code",
            ["source"] = "1",
            ["metadata"] = new JsonObject(),
            ["execution_count"] = 1,
            ["outputs"] = new JsonArray([.. outputs.Select(output => output.DeepClone())]),
        };
        var notebook = new JsonObject { ["cells"] = new JsonArray(cell), ["metadata"] = new JsonObject(), ["nbformat"] = 4, ["nbformat_minor"] = 5 };
        File.WriteAllText(folder["a.ipynb"], notebook.ToJsonString());
        return Notebook.Read(folder["a.ipynb"]);
    }

    private static JsonObject Stream(string name, string text) => new() { ["output_type"] = "stream", ["name"] = name, ["text"] = text };

    private static JsonObject Error(string text) =>
        new() { ["output_type"] = "error", ["ename"] = "Error", ["evalue"] = text, ["traceback"] = new JsonArray() };

    private static JsonObject Shown(string mimeType, string content) =>
        new() { ["output_type"] = "display_data", ["metadata"] = new JsonObject(), ["data"] = new JsonObject { [mimeType] = content } };

    private static JsonObject Png(int width, int height, bool chart = false)
    {
        var pixels = new byte[width * height * 3];
        var shown = Shown("image/png", Convert.ToBase64String(new Picture(width, height, pixels).ToPng()));
        if (chart) shown["data"]!["application/vnd.plotly.v1+json"] = "{}";
        return shown;
    }
}

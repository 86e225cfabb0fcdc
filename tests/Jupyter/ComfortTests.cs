using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

/// <summary>Completion and tooltips, through the protocol.</summary>
public sealed class ComfortTests(ComfortTests.Kernel shared) : IClassFixture<ComfortTests.Kernel>
{
    private readonly KernelClient kernel = shared.Client;

    /// <summary>A kernel with the course's library and a few names, in a folder with files.</summary>
    public sealed class Kernel : IDisposable
    {
        public Kernel()
        {
            Folder.Write("Other.dll", []);
            Folder.Write("notes.txt", []);
            Client = new KernelClient(workingDirectory: Folder.Path);
            Client.Execute($"#r \"{typeof(Runtime.Folders).Assembly.Location}\"\nusing ImageGen.Imaging;");
            Client.Execute("var pictureCount = 3; record Dot(int Across, string Label); var dots = new List<Dot>(); int Twice(int number) => number * 2;");
        }

        internal TemporaryFolder Folder { get; } = new();

        public KernelClient Client { get; }

        public void Dispose()
        {
            Client.Dispose();
            Folder.Dispose();
        }
    }

    [Theory]
    [InlineData("Console.WriteL", "WriteLine", 8)]
    [InlineData("pictureC", "pictureCount", 0)]
    [InlineData("dots[0].Acr", "Across", 8)]
    [InlineData("dots.Where(d => d.Lab", "Label", 18)]
    [InlineData("using ImageGen.Im", "Imaging", 15)]
    [InlineData("Picture.FromT", "FromTensor", 8)]
    [InlineData("// 😀\npictureC", "pictureCount", 5)] // counted in characters, not in UTF-16 units
    [InlineData("#r \"Ot", "Other.dll", 4)]
    [InlineData("#r \"nug", "nuget: ", 4)]
    [InlineData("#!mark", "#!markdown", 0)]
    public void Completes(string code, string expected, int start)
    {
        var reply = Complete(code, code.EnumerateRunes().Count());
        Assert.Equal(expected, (string?)reply["matches"]![0]);
        Assert.Equal(start, (int?)reply["cursor_start"]);
        Assert.Equal(code.EnumerateRunes().Count(), (int?)reply["cursor_end"]);
    }

    [Fact]
    public void Completion_offers_only_fitting_files_and_never_fails_on_a_strange_cursor()
    {
        Assert.DoesNotContain("notes.txt", Complete("#r \"", 4)["matches"]!.AsArray().Select(m => (string?)m));
        foreach (var position in new[] { -5, 0, 3, 999 }) Assert.Equal("ok", (string?)Complete("x(", position)["status"]);
    }

    [Theory]
    [InlineData("dots.Where(d => true)", 6, "Filters a sequence of values", "predicate: ")] // .NET's own documentation
    [InlineData("Picture.FromTensor(", 19, "Picture Picture.FromTensor(", "values outside the range are clamped")] // ours, between the brackets of a call
    [InlineData("Twice(3)", 2, "int Twice(int number)", "int")]
    [InlineData("dots", 4, "List<Dot> dots", "List")]
    public void Explains(string code, int position, string first, string second)
    {
        var reply = kernel.Ask("inspect_request", new JsonObject { ["code"] = code, ["cursor_pos"] = position, ["detail_level"] = 0 }).Reply;
        Assert.True((bool?)reply["found"]);
        var text = (string?)reply["data"]!["text/plain"];
        Assert.Contains(first, text);
        Assert.Contains(second, text);
        Assert.StartsWith("```csharp\n", (string?)reply["data"]!["text/markdown"]);
    }

    [Fact]
    public void A_long_signature_has_a_line_for_each_parameter()
    {
        const string code = "System.IO.File.ReadAllLinesAsync(";
        var reply = kernel.Ask("inspect_request", new JsonObject { ["code"] = code, ["cursor_pos"] = code.Length, ["detail_level"] = 0 }).Reply;
        var lines = ((string)reply["data"]!["text/plain"]!).Split('\n');
        var first = Array.FindIndex(lines, line => line == "Task<string[]> File.ReadAllLinesAsync(");
        Assert.True(first >= 0, string.Join('\n', lines));
        Assert.Equal(["    string path,", "    CancellationToken cancellationToken = default)"], lines[(first + 1)..(first + 3)]);
    }

    [Fact]
    public void Explains_nothing_where_nothing_is()
    {
        var reply = kernel.Ask("inspect_request", new JsonObject { ["code"] = "  + ", ["cursor_pos"] = 1, ["detail_level"] = 0 }).Reply;
        Assert.False((bool?)reply["found"]);
    }

    private JsonObject Complete(string code, int position) =>
        kernel.Ask("complete_request", new JsonObject { ["code"] = code, ["cursor_pos"] = position }).Reply;
}

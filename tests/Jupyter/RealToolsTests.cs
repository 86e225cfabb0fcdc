using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Imaging;

namespace ImageGen.Tests.Jupyter;

/// <summary>Our kernel and its outputs in the hands of Debian's nbclient, nbconvert and nbformat.</summary>
public sealed partial class RealToolsTests(RealToolsTests.Executed executed) : IClassFixture<RealToolsTests.Executed>
{
    /// <summary>A notebook executed by nbconvert (nbclient), once for all tests.</summary>
    public sealed class Executed : IDisposable
    {
        public Executed()
        {
            File.WriteAllText(Folder["lesson.ipynb"], RealJupyter.NotebookOf(
                "# A lesson\n\nwith $x^2$",
                $"#r \"{typeof(Picture).Assembly.Location}\"\n#r \"{typeof(TorchSharp.torch).Assembly.Location}\"\nusing ImageGen.Imaging; using ImageGen.Display; using static TorchSharp.torch;",
                "1 + 1",
                "Console.WriteLine(\"told\"); HTML(\"<b>bold</b>\")",
                "Picture.FromTensor(ones(3, 20, 30))",
                "Chart.Line((\"loss\", new[] { 3.0, 2, 1.5, 1.2 }))",
                "display(\"first\").Update(\"second\");",
                "arange(4).sum().item<long>()"));
            (Code, Said) = Jupyter.Run(Jupyter.NbConvert, Folder.Path, "--to", "notebook", "--execute", "--output", "done", "--ExecutePreprocessor.timeout=120", "lesson.ipynb");
        }

        internal RealJupyter Jupyter { get; } = new();

        internal TemporaryFolder Folder { get; } = new();

        public int Code { get; }

        public string Said { get; }

        public void Dispose()
        {
            Jupyter.Dispose();
            Folder.Dispose();
        }
    }

    private JsonArray Cells => JsonNode.Parse(File.ReadAllText(executed.Folder["done.ipynb"]))!["cells"]!.AsArray();

    [Fact]
    public void Nbclient_executes_every_cell()
    {
        Assert.True(executed.Code == 0, executed.Said);
        string? Plain(int cell) => string.Concat(Cells[cell]!["outputs"]![0]!["data"]!["text/plain"] is JsonArray lines ? lines.Select(l => (string?)l) : [(string?)Cells[cell]!["outputs"]![0]!["data"]!["text/plain"]]);
        Assert.Equal("2", Plain(2));
        Assert.Equal("second", Plain(6));
        Assert.Equal("6", Plain(7));
        Assert.Equal("C#", (string?)JsonNode.Parse(File.ReadAllText(executed.Folder["done.ipynb"]))!["metadata"]!["language_info"]!["name"]);
    }

    [Fact]
    public void The_picture_arrives_as_it_was_made()
    {
        var base64 = (string?)Cells[4]!["outputs"]![0]!["data"]!["image/png"];
        File.WriteAllBytes(executed.Folder["picture.png"], Convert.FromBase64String(base64!.ReplaceLineEndings("")));
        var picture = Picture.Load(executed.Folder["picture.png"]);
        Assert.Equal((30, 20), (picture.Width, picture.Height));
        var chart = Cells[5]!["outputs"]![0]!["data"]!.AsObject();
        Assert.Contains("image/png", chart.Select(entry => entry.Key));
        Assert.IsType<JsonObject>(chart["application/vnd.plotly.v1+json"]);
    }

    [Fact]
    public void Nbformat_finds_the_notebook_valid()
    {
        var (code, said) = executed.Jupyter.Run("/usr/bin/python3", executed.Folder.Path, "-c", "import nbformat; nbformat.validate(nbformat.read('done.ipynb', as_version=nbformat.NO_CONVERT))");
        Assert.True(code == 0, said);
    }

    [Theory]
    [InlineData("html", false)]
    [InlineData("html", true)]
    [InlineData("slides", false)]
    public void Converted_pages_show_every_picture_and_no_error(string format, bool sanitized)
    {
        var name = $"page-{format}-{sanitized}";
        var (code, said) = executed.Jupyter.Run(executed.Jupyter.NbConvert, executed.Folder.Path,
            ["--to", format, "--output", name, .. sanitized ? new[] { "--HTMLExporter.sanitize_html=True" } : [], "done.ipynb"]);
        Assert.True(code == 0, said);
        var page = File.ReadAllText(executed.Folder[format == "slides" ? name + ".slides.html" : name + ".html"]);
        var sizes = Images().Matches(page).Select(image => PngSize(Convert.FromBase64String(image.Groups[1].Value.ReplaceLineEndings("")))).ToArray();
        Assert.Equal(2, sizes.Length);
        Assert.Equal((30, 20), sizes[0]);
        Assert.True(sizes[1] is { Width: >= 640, Height: >= 400 }, $"{sizes[1]}");
        Assert.Contains("width=640", page.Replace("\"", "")); // the chart, in the width that it was drawn for
        Assert.Contains("<b>bold</b>", page);
        Assert.Contains("highlight hl-csharp", page);
        Assert.DoesNotContain("data-mime-type=\"application/vnd.jupyter.stderr\"", page);
    }

    private static (int Width, int Height) PngSize(byte[] png)
    {
        Assert.Equal("PNG", Encoding.ASCII.GetString(png, 1, 3));
        int At(int i) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(i));
        return (At(16), At(20));
    }

    [GeneratedRegex("""<img[^>]*src="data:image/png;base64,([^"]+)""")]
    private static partial Regex Images();
}

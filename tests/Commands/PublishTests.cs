using System.Text.Json.Nodes;
using ImageGen.Course.Checking;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Publishing;
using ImageGen.Course.Running;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Commands;

/// <summary>Publishing, and the checks that what was published must pass.</summary>
public sealed class PublishTests : IDisposable
{
    private readonly TestCourse course = new();

    public void Dispose() => course.Dispose();

    [Fact]
    public async Task What_is_published_passes_the_checks_until_a_cell_changes()
    {
        var path = course.Notebook("00-first.ipynb", TestCourse.FirstCell, "var n = 1;", "Console.WriteLine(Directory.GetCurrentDirectory());", "n");
        course.Notebook("solutions/00-first.ipynb", TestCourse.FirstCell, "2");
        Assert.NotEqual(0, (await course.Run("check")).ExitCode);
        var publish = await course.Run("publish");
        Assert.True(publish.ExitCode == 0, publish.Errors);
        var check = await course.Run("check");
        Assert.True(check.ExitCode == 0, check.Output);

        var cells = Notebook.Read(path).CodeCells.ToArray();
        Assert.Equal("notebooks\n", NotebookCell.Text(cells[2].Outputs[0]!["text"])); // no machine path
        Assert.All(cells, cell => Assert.Equal(16, ((string?)cell.OwnMetadata?["code"])?.Length));

        TestCourse.Change(path, notebook => notebook["cells"]![2]!["source"] = "var n = 2;");
        check = await course.Run("check");
        Assert.Equal(1, check.ExitCode);
        Assert.DoesNotContain("cell 2:", check.Output); // above the change
        Assert.Contains("notebooks/00-first.ipynb, cell 3: its outputs are stale", check.Output);
        Assert.Contains("cell 5: its outputs are stale", check.Output); // below it
        Assert.Contains("Run ./course publish 00", check.Output);
    }

    [Fact]
    public async Task A_lesson_that_fails_keeps_what_it_had()
    {
        var path = course.Notebook("00-first.ipynb", TestCourse.FirstCell, "throw new Exception(\"x\");");
        var before = File.ReadAllText(path);
        Assert.Equal(1, (await course.Run("publish", "00")).ExitCode);
        Assert.Equal(before, File.ReadAllText(path));
    }

    [Fact]
    public void A_hash_covers_the_cells_before_and_not_the_space_at_line_ends()
    {
        string[] Hashes(params string[] cells) => [.. CodeHash.Of(Notebook.Read(course.Notebook("00-h.ipynb", cells))).Select(h => h.Hash)];
        var hashes = Hashes("a", "b", "c");
        Assert.Equal(hashes, Hashes("a  \n", "b", "c"));
        Assert.NotEqual(hashes[0], Hashes("x", "b", "c")[0]);
        Assert.NotEqual(hashes[2], Hashes("a", "x", "c")[2]);
        Assert.Equal(hashes[0], Hashes("a", "x", "c")[0]);
        Assert.NotEqual(hashes[1], Hashes("ab", "", "c")[1]);
    }

    [Theory]
    [InlineData("cell length", "has 21 lines")]
    [InlineData("slide", "it begins a section and no slide")]
    [InlineData("slide type", "it has the slide type 'big'")]
    [InlineData("error", "its output is an error")]
    [InlineData("script", "has a script")]
    [InlineData("plotly", "a chart has no image/png")]
    [InlineData("plotly html", "a chart has text/html")]
    [InlineData("path", "something of one machine: /home/ada/picture.png")]
    [InlineData("widgets", "widget metadata")]
    [InlineData("kernelspec", "kernelspec is not .net-csharp")]
    [InlineData("size", "MB, and 2 MB are the most")]
    [InlineData("link", "the link missing.md leads nowhere")]
    [InlineData("anchor", "the link #no-such-heading leads nowhere")]
    [InlineData("picture", "the link pictures/none.png leads nowhere")]
    [InlineData("no outputs", "it has no outputs")]
    [InlineData("first cell", "its first code cell differs")]
    [InlineData("order", "its number is 02 where 01 is next")]
    [InlineData("lone solution", "there is no lesson 05")]
    [InlineData("not json", "it is not JSON")]
    [InlineData("page", "README.md: the link docs/none.md leads nowhere")]
    public void Each_fault_is_found_where_it_is(string fault, string expected)
    {
        var first = Published("00-first.ipynb", TestCourse.FirstCell, "\"output\"");
        Published("solutions/00-first.ipynb", TestCourse.FirstCell, "1");
        Assert.Empty(CourseCheck.Run(new Lessons(course.Root)));

        switch (fault)
        {
            case "cell length": Published("00-first.ipynb", TestCourse.FirstCell, string.Join('\n', Enumerable.Repeat("1;", 21))); break;
            case "slide": TestCourse.Change(first, n => n["cells"]![0]!["metadata"]!.AsObject().Remove("slideshow")); break;
            case "slide type": TestCourse.Change(first, n => n["cells"]![1]!["metadata"]!["slideshow"]!["slide_type"] = "big"); break;
            case "error": Output(first, """{"output_type": "error", "ename": "E", "evalue": "x", "traceback": []}"""); break;
            case "script": Output(first, """{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<div></div><SCRIPT>x</SCRIPT>", "text/plain": "x"}}"""); break;
            case "plotly": Output(first, """{"output_type": "display_data", "metadata": {}, "data": {"application/vnd.plotly.v1+json": {}, "text/plain": "x"}}"""); break;
            case "plotly html": Output(first, """{"output_type": "display_data", "metadata": {}, "data": {"application/vnd.plotly.v1+json": {}, "image/png": "x", "text/html": "x"}}"""); break;
            case "path": Output(first, """{"output_type": "stream", "name": "stdout", "text": ["saved to /home/ada/picture.png\n"]}"""); break;
            case "widgets": TestCourse.Change(first, n => n["metadata"]!["widgets"] = new JsonObject()); break;
            case "kernelspec": TestCourse.Change(first, n => n["metadata"]!["kernelspec"]!["name"] = "python3"); break;
            case "size": Output(first, $$$"""{"output_type": "display_data", "metadata": {}, "data": {"image/png": "{{{new string('A', 2_200_000)}}}"}}"""); break;
            case "link": Text(first, "# A lesson\n\n[x](missing.md)"); break;
            case "anchor": Text(first, "# A lesson\n\n[fine](#a-lesson) [also](00-first.ipynb#A-lesson) [x](#no-such-heading)"); break;
            case "picture": Text(first, "# A lesson\n\n<img src=\"pictures/none.png\">"); break;
            case "no outputs": course.Notebook("00-first.ipynb", TestCourse.FirstCell, "1"); break;
            case "first cell": Published("01-second.ipynb", "using System.Net;", "1"); break;
            case "order": Published("02-third.ipynb", TestCourse.FirstCell, "1"); break;
            case "lone solution": Published("solutions/05-fifth.ipynb", TestCourse.FirstCell, "1"); break;
            case "not json": course.Raw("01-second.ipynb", "{"); break;
            case "page": File.WriteAllText(Path.Combine(course.Root, "README.md"), "[x](docs/none.md) [y](notebooks/00-first.ipynb) [z](https://example.org/none)"); break;
        }
        var findings = CourseCheck.Run(new Lessons(course.Root));
        Assert.Contains(findings, finding => finding.ToString().Contains(expected));
        Assert.All(findings, finding => Assert.DoesNotContain('\n', finding.ToString()));
    }

    [Fact]
    public void A_solutions_first_cell_lies_one_folder_deeper()
    {
        Published("00-first.ipynb", "#r \"../bin/X.dll\"", "\"output\"");
        Published("solutions/00-first.ipynb", "#r \"../../bin/X.dll\"", "1");
        Assert.Empty(CourseCheck.Run(new Lessons(course.Root)));
    }

    [Fact]
    public void Publishing_takes_scripts_and_style_sheets_out_where_another_form_is_there()
    {
        var path = course.Notebook("00-first.ipynb", TestCourse.FirstCell);
        Output(path, """{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>x</script>", "image/png": "aGk="}}""");
        var notebook = Notebook.Read(path);
        Publisher.Clean(notebook, course.Root);
        Assert.Equal("image/png", Assert.Single(Assert.Single(notebook.CodeCells).Outputs[0]!["data"]!.AsObject()).Key);

        Output(path, """{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<table></table><style>\r\ntd {}\r\n</style>", "text/plain": "x"}}""");
        notebook = Notebook.Read(path);
        Publisher.Clean(notebook, course.Root);
        Assert.Equal("<table></table>", NotebookCell.Text(Assert.Single(notebook.CodeCells).Outputs[0]!["data"]!["text/html"]));
    }

    [Fact]
    public void A_published_photograph_is_jpeg_and_a_chart_stays_png()
    {
        var photograph = ImageGen.Data.CoursePictures.Content("lake").FitWithin(320);
        var chart = ImageGen.Display.Chart.Line(("a", Enumerable.Range(0, 500).Select(i => Math.Sin(i * i)).ToArray()));
        string Shown(byte[] png, string more = "") =>
            $$$"""{"output_type": "display_data", "metadata": {"image/png": {"width": 320}}, "data": {"image/png": "{{{Convert.ToBase64String(png)}}}"{{{more}}}, "text/plain": "x"}}""";
        var path = course.Notebook("00-first.ipynb", TestCourse.FirstCell);

        Output(path, Shown(photograph.ToPng()));
        var notebook = Notebook.Read(path);
        Publisher.Clean(notebook, course.Root);
        var output = Assert.Single(notebook.CodeCells).Outputs[0]!;
        Assert.Equal(["image/jpeg", "text/plain"], output["data"]!.AsObject().Select(entry => entry.Key));
        Assert.Equal(320, (int)output["metadata"]!["image/jpeg"]!["width"]!);
        var file = Path.Combine(course.Root, "shown.jpg");
        File.WriteAllBytes(file, Convert.FromBase64String((string)output["data"]!["image/jpeg"]!));
        var read = ImageGen.Imaging.Picture.Load(file);
        Assert.Equal((photograph.Width, photograph.Height), (read.Width, read.Height));
        Assert.InRange(read.Rgb.Zip(photograph.Rgb, (a, b) => Math.Abs(a - b)).Average(), 0, 5); // quality 90

        Output(path, Shown(chart.ToPng(), ", \"application/vnd.plotly.v1+json\": {}"));
        notebook = Notebook.Read(path);
        Publisher.Clean(notebook, course.Root);
        Assert.Contains("image/png", Assert.Single(notebook.CodeCells).Outputs[0]!["data"]!.AsObject().Select(entry => entry.Key));
    }

    // As publishing writes it, with an output each and nothing executed.
    private string Published(string name, params string[] cells)
    {
        var path = course.Notebook(name, cells);
        var notebook = Notebook.Read(path);
        var outputs = new NotebookOutputs();
        foreach (var (cell, i) in notebook.CodeCells.Select((cell, i) => (cell, i)))
        {
            cell.ExecutionCount = i + 1;
            outputs.Add(cell, new ImageGen.Kernel.Outputs.StreamOutput(false, "text\n"));
        }
        Publisher.Clean(notebook, course.Root);
        notebook.Write(path);
        return path;
    }

    private static void Output(string path, string json) => TestCourse.Change(path, n => n["cells"]![1]!["outputs"] = new JsonArray(JsonNode.Parse(json)));

    private static void Text(string path, string text) => TestCourse.Change(path, n => n["cells"]![0]!["source"] = text);
}

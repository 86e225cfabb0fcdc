using System.Buffers.Binary;
using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Runtime;

namespace ImageGen.Tests.Jupyter;

/// <summary>A whole lesson in the browser, at smoke scale: from opening it to running it a second time.</summary>
public sealed class LessonInBrowserTests(NotebookServer server) : IClassFixture<NotebookServer>
{
    private const string Lesson = "00-start-here.ipynb";

    [Fact]
    public async Task A_lesson_runs_is_worked_in_interrupted_restarted_and_run_again()
    {
        var cells = LayOut();
        var notebook = await server.OpenAsync($"notebooks/{Lesson}");
        await notebook.RunAllAsync();
        await ShowsAllAsync(notebook, cells);
        await notebook.ShootAsync("lesson-top", 0);
        await notebook.ShootAsync("lesson-pictures", LastWithPicture(cells));

        // A student writes a cell of their own, with completion.
        var own = await notebook.AddAsync("");
        await notebook.TypeAsync(own, "lake.FitWith");
        await notebook.Page.Keyboard.PressAsync("Tab");
        await notebook.Page.WaitForFunctionAsync($"() => Jupyter.notebook.get_cell({own}).get_text() === 'lake.FitWithin'");
        await notebook.Page.Keyboard.TypeAsync("(100)");
        await notebook.RunAsync(own);
        Assert.Equal(100, Assert.Single(await notebook.PicturesAsync(own)).Width);

        // A training of many minutes is stopped, and gives what it has.
        var training = await notebook.AddAsync("var longer = LiveView.Watch(\"too long\", view =>\n    StyleTransfer.Run(lake, whirls, network, StyleTransferOptions.Quick with { Steps = 100_000 }, view));\nlonger.Picture");
        await notebook.StartAsync(training);
        var view = notebook.Output(training).Locator("img").First;
        var begun = await view.GetAttributeAsync("src");
        while (await view.GetAttributeAsync("src") == begun) await Task.Delay(100, TestContext.Current.CancellationToken); // until it has moved on
        await notebook.InterruptAsync();
        await notebook.EndedAsync(training);
        var pictures = await notebook.PicturesAsync(training);
        Assert.Equal(2, pictures.Length); // the view, and what the training came to
        Assert.All(pictures, picture => Assert.True(picture.Width > 0));
        await notebook.ShootAsync("lesson-interrupted", training);
        await NoErrorAsync(notebook);
        var kept = await notebook.AddAsync("longer.Picture.Width == painted.Picture.Width");
        await notebook.RunAsync(kept);
        Assert.Contains("True", await notebook.Output(kept).InnerTextAsync());
        for (var i = 0; i < 3; i++) await notebook.Page.EvaluateAsync("() => Jupyter.notebook.delete_cell(Jupyter.notebook.ncells() - 1)");

        // A restart forgets everything, and all of it can be made again.
        await notebook.RestartAsync();
        await notebook.Page.EvaluateAsync("() => Jupyter.notebook.clear_all_output()");
        await notebook.RunAllAsync();
        await ShowsAllAsync(notebook, cells);
        await notebook.ShootAsync("lesson-again", LastWithPicture(cells));
        await server.ShutDownAsync(await notebook.KernelAsync());
    }

    // The lesson without its outputs in a course of its own: what the page shows was made here, and nothing is saved there.
    private JsonArray LayOut()
    {
        var (there, here) = (Folders.Root, server.Folder);
        Directory.CreateDirectory(Path.Combine(here, "notebooks"));
        Directory.CreateSymbolicLink(Path.Combine(here, "bin"), Path.Combine(there, "bin"));
        var gallery = Directory.CreateDirectory(Path.Combine(here, "docs", "gallery")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(there, "docs", "gallery"))) File.Copy(file, Path.Combine(gallery, Path.GetFileName(file)));
        var notebook = JsonNode.Parse(File.ReadAllText(Path.Combine(there, "notebooks", Lesson)))!.AsObject();
        var published = notebook["cells"]!.DeepClone().AsArray();
        foreach (var cell in notebook["cells"]!.AsArray().Where(cell => (string?)cell!["cell_type"] == "code"))
            (cell!["outputs"], cell["execution_count"]) = (new JsonArray(), null);
        File.WriteAllText(Path.Combine(here, "notebooks", Lesson), notebook.ToJsonString());
        return published;
    }

    // As many pictures under each cell as the published lesson has, each with the pixels that the notebook holds, in the
    // width it asks for; the pictures of the text; no error.
    private static async Task ShowsAllAsync(NotebookPage notebook, JsonArray published)
    {
        var all = 0;
        for (var i = 0; i < published.Count; i++)
        {
            var pictures = await notebook.PicturesAsync(i);
            Assert.All(pictures, picture => Assert.True(picture is { Shown: > 0, Width: > 0 }, $"a picture of cell {i + 1} did not load"));
            if ((string?)published[i]!["cell_type"] != "code") continue;
            Assert.Equal(published[i]!["outputs"]!.AsArray().Count(HasPicture), pictures.Length);
            var held = JsonNode.Parse(await notebook.Page.EvaluateAsync<string>($"() => JSON.stringify(Jupyter.notebook.get_cell({i}).output_area.toJSON())"))!.AsArray().Where(HasPicture).ToArray();
            foreach (var (picture, output) in pictures.Zip(held))
            {
                var png = Convert.FromBase64String(NotebookCell.Text(output!["data"]!["image/png"]).ReplaceLineEndings(""));
                Assert.Equal((BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))), (picture.Width, picture.Height));
                if ((int?)output["metadata"]?["image/png"]?["width"] is { } width) Assert.Equal(width, picture.Shown);
            }
            all += pictures.Length;
        }
        Assert.True(all >= 8, $"{all} pictures in the whole lesson");
        await NoErrorAsync(notebook);
    }

    private static async Task NoErrorAsync(NotebookPage notebook)
    {
        foreach (var trouble in await notebook.Page.Locator(".output_error, .output_stderr").AllInnerTextsAsync()) Assert.Fail(trouble);
    }

    // What is published may be JPEG; what the kernel shows is PNG.
    private static bool HasPicture(JsonNode? output) => (output?["data"]?["image/png"] ?? output?["data"]?["image/jpeg"]) is not null;

    private static int LastWithPicture(JsonArray published) =>
        Enumerable.Range(0, published.Count).Last(i => published[i]!["outputs"] is JsonArray outputs && outputs.Any(HasPicture));
}

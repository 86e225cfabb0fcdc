using System.Diagnostics;
using ImageGen.Imaging;

namespace ImageGen.Tests.Jupyter;

/// <summary>A student at work: Debian's Notebook 6.4 in headless Chromium, with our kernel behind it.</summary>
public sealed class BrowserTests(NotebookServer server) : IClassFixture<NotebookServer>
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_student_sees_outputs_and_errors_completes_and_asks()
    {
        var notebook = await server.OpenAsync("work.ipynb",
            $"#r \"{typeof(Picture).Assembly.Location}\"\n#r \"{typeof(TorchSharp.torch).Assembly.Location}\"\nusing ImageGen.Imaging; using ImageGen.Display; using static TorchSharp.torch;",
            "Console.WriteLine(\"told\");\nPicture.FromTensor(linspace(0, 1, 3 * 60 * 90).reshape(3, 60, 90))",
            "var squares = Enumerable.Range(1, 5).Select(n => n * n).ToList();\nsquares",
            "var total = squares.Sum();\ntotal.Lenght",
            "Chart.Line((\"loss\", new[] { 3.0, 2, 1.5, 1.2 }))");
        var page = notebook.Page;

        // Runs, and shows what the cells put out.
        foreach (var cell in new[] { 0, 1, 2, 3, 4 }) await notebook.RunAsync(cell);
        Assert.Equal(new PagePicture(90, 90, 60), Assert.Single(await notebook.PicturesAsync(1)));
        Assert.Contains("told", await notebook.Output(1).InnerTextAsync());
        Assert.Contains("25", await notebook.Output(2).InnerTextAsync());
        await notebook.Output(3).GetByText("CS1061").First.WaitForAsync();
        var error = await notebook.Output(3).InnerTextAsync();
        Assert.Contains("line 2:", error);
        Assert.Contains("total.Lenght", error);
        Assert.True(await page.Locator(".cm-s-ipython .cm-keyword").CountAsync() > 0, "C# is not highlighted");
        // A chart has pixels for a fine screen and stands there in its own width.
        Assert.Equal(new PagePicture(640, 1280, 800), Assert.Single(await notebook.PicturesAsync(4)));
        await notebook.ShootAsync("outputs");

        // Types and completes: one match is written at once, several open a list.
        await notebook.TypeAsync(3, "squares.Averag");
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForFunctionAsync("() => Jupyter.notebook.get_cell(3).get_text() === 'squares.Average'");
        await notebook.TypeAsync(3, "squares.");
        await page.Keyboard.PressAsync("Tab");
        await page.Locator("#complete option", new() { HasTextString = "Add" }).First.WaitForAsync();
        await notebook.ShootAsync("completion");
        await page.Keyboard.PressAsync("Escape");

        // Asks what something is.
        await notebook.TypeAsync(3, "Picture.FromTensor(");
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.Locator("#tooltip", new() { HasTextString = "Picture Picture.FromTensor(" }).WaitForAsync();
        await page.WaitForFunctionAsync("() => getComputedStyle(document.getElementById('tooltip')).opacity === '1'"); // It fades in.
        await notebook.ShootAsync("tooltip");
        await server.ShutDownAsync(await notebook.KernelAsync());
    }

    [Fact]
    public async Task Two_notebooks_restart_each_their_own_kernel_and_leave_no_process()
    {
        const string Cells = "var mine = \"NAME\";|while (true) { }|$\"{mine} {Environment.ProcessId}\"";
        NotebookPage[] notebooks = [await server.OpenAsync("one.ipynb", Cells.Replace("NAME", "one").Split('|')), await server.OpenAsync("two.ipynb", Cells.Replace("NAME", "two").Split('|'))];
        var before = await IdsAsync();
        Assert.Equal(before.Length, before.Distinct().Count());

        // One is restarted while its cell never ends; the other goes on as it was.
        await notebooks[0].StartAsync(1);
        await notebooks[0].Page.WaitForFunctionAsync("() => Jupyter.notebook.kernel_busy");
        await notebooks[0].RestartAsync();
        await GoneAsync(before[0]);
        await notebooks[1].RunAsync(2);
        Assert.Contains($"two {before[1]}", await notebooks[1].Output(2).InnerTextAsync());
        await notebooks[0].RunAsync(2);
        await notebooks[0].Output(2).GetByText("CS0103").First.WaitForAsync();

        await notebooks[1].RestartAsync();
        await GoneAsync(before[1]);
        var after = await IdsAsync();
        Assert.Empty(after.Intersect(before));

        foreach (var notebook in notebooks) await server.ShutDownAsync(await notebook.KernelAsync());
        foreach (var id in after) await GoneAsync(id);
        Assert.Equal(0, await server.KernelsAsync());

        async Task<int[]> IdsAsync()
        {
            var ids = new List<int>();
            foreach (var notebook in notebooks)
            {
                foreach (var cell in new[] { 0, 2 }) await notebook.RunAsync(cell);
                ids.Add(int.Parse((await notebook.Output(2).Locator(".output_text").InnerTextAsync()).Trim().Split(' ')[^1]));
            }
            return [.. ids];
        }
    }

    private static async Task GoneAsync(int id)
    {
        var watch = Stopwatch.StartNew();
        while (Process.GetProcesses().Any(process => process.Id == id))
        {
            Assert.True(watch.Elapsed < Ample, $"process {id} is still there");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}

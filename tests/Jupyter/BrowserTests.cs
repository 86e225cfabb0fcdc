using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ImageGen.Imaging;
using ImageGen.Kernel.Jupyter;
using Microsoft.Playwright;

namespace ImageGen.Tests.Jupyter;

/// <summary>A student at work: Debian's Notebook 6.4 in headless Chromium, with our kernel behind it.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const float Patience = 60_000;

    private readonly RealJupyter jupyter = new();
    private readonly TemporaryFolder folder = new();
    private Process? server;
    private IPlaywright? playwright;
    private IBrowser? browser;
    private IPage page = null!;
    private string address = "";

    /// <summary>Pictures of what the browser showed, for people.</summary>
    private static string Screenshots => Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;

    public async ValueTask InitializeAsync()
    {
        var chromium = SystemPackages.Ensure(() => JupyterPrograms.Find("chromium", systemFirst: true) ?? JupyterPrograms.Find("google-chrome", systemFirst: true), "Chromium", "chromium");
        var port = FreePort();
        address = $"http://127.0.0.1:{port}";
        var start = jupyter.Start(jupyter.Notebook, folder.Path, "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--port-retries=0",
            "--NotebookApp.token=", "--NotebookApp.password=", "--NotebookApp.disable_check_xsrf=True");
        server = Process.Start(start)!;
        server.ErrorDataReceived += (_, _) => { };
        server.OutputDataReceived += (_, _) => { };
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Headless = true, Args = ["--no-sandbox"] });
        page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1100, Height = 1000 } });
        page.SetDefaultTimeout(Patience);
        using var client = new HttpClient();
        for (var i = 0; ; i++)
        {
            try { (await client.GetAsync(address + "/api")).EnsureSuccessStatusCode(); return; }
            catch (HttpRequestException) when (i < 300) { await Task.Delay(200); }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null) await browser.DisposeAsync();
        playwright?.Dispose();
        if (server is not null)
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
            server.Dispose();
        }
        jupyter.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_student_opens_runs_completes_asks_interrupts_restarts_and_runs_again()
    {
        await OpenAsync(
            $"#r \"{typeof(Picture).Assembly.Location}\"\n#r \"{typeof(TorchSharp.torch).Assembly.Location}\"\nusing ImageGen.Imaging; using ImageGen.Display; using static TorchSharp.torch;",
            "Console.WriteLine(\"told\");\nPicture.FromTensor(linspace(0, 1, 3 * 60 * 90).reshape(3, 60, 90))",
            "var squares = Enumerable.Range(1, 5).Select(n => n * n).ToList();\nsquares",
            "var total = squares.Sum();\ntotal.Lenght",
            "Console.WriteLine(\"begun\");\nwhile (true) { }");

        // Runs, and shows what the cells put out.
        foreach (var cell in new[] { 0, 1, 2, 3 }) await RunAsync(cell);
        await Output(1).Locator("img").WaitForAsync();
        Assert.Equal("90x60", await Output(1).Locator("img").EvaluateAsync<string>("i => `${i.naturalWidth}x${i.naturalHeight}`"));
        Assert.Contains("told", await Output(1).InnerTextAsync());
        Assert.Contains("25", await Output(2).InnerTextAsync());
        await Output(3).GetByText("CS1061").First.WaitForAsync();
        var error = await Output(3).InnerTextAsync();
        Assert.Contains("line 2:", error);
        Assert.Contains("total.Lenght", error);
        Assert.True(await page.Locator(".cm-s-ipython .cm-keyword").CountAsync() > 0, "C# is not highlighted");
        await ShootAsync("outputs");

        // Types and completes: one match is written at once, several open a list.
        await TypeAsync(3, "squares.Averag");
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForFunctionAsync("() => Jupyter.notebook.get_cell(3).get_text() === 'squares.Average'");
        await TypeAsync(3, "squares.");
        await page.Keyboard.PressAsync("Tab");
        await page.Locator("#complete option", new() { HasTextString = "Add" }).First.WaitForAsync();
        await ShootAsync("completion");
        await page.Keyboard.PressAsync("Escape");

        // Asks what something is.
        await TypeAsync(3, "Picture.FromTensor(");
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.Locator("#tooltip", new() { HasTextString = "Picture Picture.FromTensor(" }).WaitForAsync();
        await page.WaitForFunctionAsync("() => getComputedStyle(document.getElementById('tooltip')).opacity === '1'"); // It fades in.
        await ShootAsync("tooltip");
        await page.Keyboard.PressAsync("Escape");

        // Interrupts a cell that never ends; what was made stays.
        await StartAsync(4);
        await Output(4).GetByText("begun").WaitForAsync();
        await page.EvaluateAsync("() => Jupyter.notebook.kernel.interrupt()");
        await Output(4).GetByText("Interrupted").First.WaitForAsync();
        await TypeAsync(3, "squares.Count");
        await RunAsync(3);
        Assert.Contains("5", await Output(3).InnerTextAsync());

        // Restarts: nothing is left, and everything runs again.
        var old = await page.EvaluateAsync<string>("() => Jupyter.notebook.kernel.id");
        await page.EvaluateAsync("() => { window.ready = false; Jupyter.notebook.kernel.events.one('kernel_ready.Kernel', () => window.ready = true); Jupyter.notebook.kernel.restart(); }");
        await page.WaitForFunctionAsync("() => window.ready");
        await RunAsync(3);
        await Output(3).GetByText("CS0103").First.WaitForAsync();
        await RunAsync(2);
        await RunAsync(3);
        Assert.Contains("5", await Output(3).InnerTextAsync());
        Assert.Equal(old, await page.EvaluateAsync<string>("() => Jupyter.notebook.kernel.id"));
        await ShootAsync("after-restart");
    }

    private async Task OpenAsync(params string[] cells)
    {
        File.WriteAllText(folder["work.ipynb"], RealJupyter.NotebookOf(cells));
        await page.GotoAsync(address + "/notebooks/work.ipynb");
        await page.WaitForFunctionAsync("() => window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected() && Jupyter.notebook.kernel.info_reply.status === 'ok'");
    }

    private ILocator Output(int cell) => page.Locator("#notebook-container > .cell").Nth(cell).Locator(".output_wrapper");

    private async Task RunAsync(int cell)
    {
        await StartAsync(cell);
        await page.WaitForFunctionAsync($"() => !Jupyter.notebook.get_cell({cell}).running && !Jupyter.notebook.kernel_busy && !isNaN(parseInt(Jupyter.notebook.get_cell({cell}).input_prompt_number))");
    }

    private Task StartAsync(int cell) => page.EvaluateAsync($"() => Jupyter.notebook.get_cell({cell}).execute()");

    // As a person does: into the cell's editor, key by key.
    private async Task TypeAsync(int cell, string text)
    {
        await page.EvaluateAsync($"() => {{ Jupyter.notebook.select({cell}); const cell = Jupyter.notebook.get_cell({cell}); cell.set_text(''); Jupyter.notebook.edit_mode(); cell.focus_editor(); }}");
        await page.Keyboard.TypeAsync(text);
    }

    private Task ShootAsync(string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"notebook-{name}.png") });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using ImageGen.Course.Setup;
using ImageGen.Kernel.Jupyter;
using Microsoft.Playwright;

namespace ImageGen.Tests.Jupyter;

/// <summary>Debian's Notebook 6.4 with our kernel, and headless Chromium to look at it.</summary>
public sealed class NotebookServer : IAsyncLifetime
{
    private readonly RealJupyter jupyter = new();
    private readonly TemporaryFolder folder = new();
    private readonly HttpClient client = new();
    private Process? server;
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>The folder that the server shows.</summary>
    internal string Folder => folder.Path;

    private string Address { get; set; } = "";

    public async ValueTask InitializeAsync()
    {
        var chromium = SystemPackages.Ensure(() => JupyterPrograms.Find("chromium", systemFirst: true) ?? JupyterPrograms.Find("google-chrome", systemFirst: true), "Chromium", "chromium");
        var port = KernelStart.FreePorts(1)[0];
        Address = $"http://127.0.0.1:{port}";
        var start = jupyter.Start(jupyter.Notebook, folder.Path, "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={port}", "--port-retries=0",
            "--NotebookApp.token=", "--NotebookApp.password=", "--NotebookApp.disable_check_xsrf=True");
        start.Environment["IMAGEGEN_SCALE"] = "smoke";
        server = Process.Start(start)!;
        server.ErrorDataReceived += (_, _) => { };
        server.OutputDataReceived += (_, _) => { };
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Headless = true, Args = ["--no-sandbox"] });
        for (var i = 0; ; i++)
        {
            try { (await client.GetAsync(Address + "/api")).EnsureSuccessStatusCode(); return; }
            catch (HttpRequestException) when (i < 300) { await Task.Delay(200); }
        }
    }

    /// <summary>Opens a notebook of the folder and waits for its kernel.</summary>
    public async Task<NotebookPage> OpenAsync(string path)
    {
        var page = await browser!.NewPageAsync(new() { ViewportSize = new() { Width = 1100, Height = 1000 } });
        await page.GotoAsync($"{Address}/notebooks/{path}");
        var notebook = new NotebookPage(page);
        await notebook.WaitForKernelAsync();
        return notebook;
    }

    /// <summary>Writes a notebook of code cells and opens it.</summary>
    public Task<NotebookPage> OpenAsync(string name, params string[] cells)
    {
        File.WriteAllText(folder[name], RealJupyter.NotebookOf(cells));
        return OpenAsync(name);
    }

    /// <summary>The kernels that the server knows of.</summary>
    public async Task<int> KernelsAsync() => JsonNode.Parse(await client.GetStringAsync(Address + "/api/kernels"))!.AsArray().Count;

    /// <summary>Ends a kernel, as the server's list of running notebooks does.</summary>
    public async Task ShutDownAsync(string kernel) => (await client.DeleteAsync($"{Address}/api/kernels/{kernel}")).EnsureSuccessStatusCode();

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
        client.Dispose();
        jupyter.Dispose();
        folder.Dispose();
    }
}

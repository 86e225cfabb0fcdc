using System.Text.Json;
using Microsoft.Playwright;

namespace ImageGen.Tests.Jupyter;

/// <summary>A picture as the browser shows it.</summary>
/// <param name="Shown">Its width on the page.</param>
/// <param name="Width">Its own width in pixels; 0 when it did not load.</param>
/// <param name="Height">Its own height in pixels.</param>
public sealed record PagePicture(int Shown, int Width, int Height);

/// <summary>An open notebook in the browser, worked with as a person does.</summary>
public sealed class NotebookPage
{
    private const float Patience = 180_000;

    private readonly IPage page;

    public NotebookPage(IPage page)
    {
        this.page = page;
        page.SetDefaultTimeout(Patience);
    }

    /// <summary>Pictures of what the browser showed, for people.</summary>
    private static string Screenshots => Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;

    /// <summary>The page itself.</summary>
    public IPage Page => page;

    public Task<string> KernelAsync() => page.EvaluateAsync<string>("() => Jupyter.notebook.kernel.id");

    public Task WaitForKernelAsync() => page.WaitForFunctionAsync(
        "() => window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected() && Jupyter.notebook.kernel.info_reply.status === 'ok'");

    public ILocator Cell(int cell) => page.Locator("#notebook-container > .cell").Nth(cell);

    public ILocator Output(int cell) => Cell(cell).Locator(".output_wrapper");

    /// <summary>Adds a code cell at the end.</summary>
    /// <returns>Its place.</returns>
    public Task<int> AddAsync(string code) => page.EvaluateAsync<int>("code => { Jupyter.notebook.insert_cell_at_bottom('code').set_text(code); return Jupyter.notebook.ncells() - 1; }", code);

    /// <summary>Runs a cell to its end.</summary>
    public async Task RunAsync(int cell)
    {
        await StartAsync(cell);
        await EndedAsync(cell);
    }

    /// <summary>Starts a cell.</summary>
    public Task StartAsync(int cell) => page.EvaluateAsync($"() => Jupyter.notebook.get_cell({cell}).execute()");

    /// <summary>Waits until a cell has its number.</summary>
    public Task EndedAsync(int cell) => page.WaitForFunctionAsync(
        $"() => !Jupyter.notebook.get_cell({cell}).running && !Jupyter.notebook.kernel_busy && !isNaN(parseInt(Jupyter.notebook.get_cell({cell}).input_prompt_number))");

    /// <summary>Runs every cell, from the first to the last.</summary>
    public async Task RunAllAsync()
    {
        await page.EvaluateAsync("() => Jupyter.notebook.execute_all_cells()");
        await page.WaitForFunctionAsync("() => !Jupyter.notebook.kernel_busy && Jupyter.notebook.get_cells().every(c => c.cell_type !== 'code' || c.get_text().trim() === '' || !c.running && !isNaN(parseInt(c.input_prompt_number)))");
        await page.WaitForFunctionAsync("() => [...document.images].every(i => i.complete)");
    }

    /// <summary>Types into a cell's editor, key by key, in place of what it holds.</summary>
    public async Task TypeAsync(int cell, string text)
    {
        await page.EvaluateAsync($"() => {{ Jupyter.notebook.select({cell}); const cell = Jupyter.notebook.get_cell({cell}); cell.set_text(''); Jupyter.notebook.edit_mode(); cell.focus_editor(); }}");
        await page.Keyboard.TypeAsync(text);
    }

    /// <summary>Presses the square.</summary>
    public Task InterruptAsync() => page.EvaluateAsync("() => Jupyter.notebook.kernel.interrupt()");

    /// <summary>Restarts the kernel and waits until it is there again.</summary>
    public async Task RestartAsync()
    {
        await page.EvaluateAsync("() => { window.ready = false; Jupyter.notebook.kernel.events.one('kernel_ready.Kernel', () => window.ready = true); Jupyter.notebook.kernel.restart(); }");
        await page.WaitForFunctionAsync("() => window.ready");
    }

    /// <summary>The pictures under a cell.</summary>
    public async Task<PagePicture[]> PicturesAsync(int cell) => JsonSerializer.Deserialize<PagePicture[]>(
        await Cell(cell).Locator("img").EvaluateAllAsync<string>("all => JSON.stringify(all.map(i => ({ Shown: Math.round(i.getBoundingClientRect().width), Width: i.naturalWidth, Height: i.naturalHeight })))"))!;

    /// <summary>Keeps a picture of what the browser shows, with a cell in view.</summary>
    public async Task ShootAsync(string name, int? cell = null)
    {
        if (cell is { } shown) await Cell(shown).EvaluateAsync("c => c.scrollIntoView()");
        await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"notebook-{name}.png") });
    }
}

using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;

namespace ImageGen.Kernel.Jupyter.Comfort;

/// <summary>Answers a front end's questions about code, one after another. The first question costs seconds, so one is asked ahead.</summary>
/// <param name="engine">Whose cells the code continues.</param>
/// <param name="folder">The notebook's folder.</param>
internal sealed class CodeQuestions(NotebookEngine engine, string folder) : IDisposable
{
    private readonly NotebookWorkspace workspace = new();
    private readonly SemaphoreSlim oneQuestion = new(1);
    private int warm;

    /// <summary>The content of a complete reply.</summary>
    public Task<JsonObject> CompleteAsync(CompleteContent asked) => OneAsync(async session =>
    {
        var index = CellText.Index(asked.Code, asked.CursorPos);
        var answer = DirectiveCompletions.Find(asked.Code, index, folder) ?? await Completions.FindAsync(workspace, session, asked.Code, index);
        return answer.ToJson(asked.Code);
    });

    /// <summary>The content of an inspect reply.</summary>
    public Task<JsonObject> InspectAsync(InspectContent asked) => OneAsync(session =>
        Tooltips.FindAsync(workspace, session, asked.Code, CellText.Index(asked.Code, asked.CursorPos)));

    /// <summary>Asks a first question in the background, once; called when the first cell has run and the processor is free.</summary>
    public void WarmUp()
    {
        if (Interlocked.Exchange(ref warm, 1) == 1) return;
        new Thread(() =>
        {
            try
            {
                CompleteAsync(new CompleteContent("Console.Wri", 11)).Wait();
                InspectAsync(new InspectContent("Console.WriteLine(", 18)).Wait();
            }
            catch (Exception error) { KernelLog.Write($"Completion did not warm up: {error.Message}"); }
        }) { IsBackground = true, Priority = ThreadPriority.BelowNormal, Name = "completion warm-up" }.Start();
    }

    public void Dispose() => workspace.Dispose();

    private async Task<JsonObject> OneAsync(Func<ScriptSession, Task<JsonObject>> answer)
    {
        await oneQuestion.WaitAsync();
        try { return await answer(await engine.Session()); }
        finally { oneQuestion.Release(); }
    }
}

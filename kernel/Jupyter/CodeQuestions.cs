using System.Text.Json.Nodes;
using ImageGen.Kernel.Completion;
using ImageGen.Kernel.Engine;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Answers a front end's questions about code. The first one costs a second, so one is asked ahead.</summary>
/// <param name="engine">Whose cells the code continues.</param>
/// <param name="folder">The notebook's folder.</param>
internal sealed class CodeQuestions(NotebookEngine engine, string folder)
{
    private int warm;

    /// <summary>The content of a complete reply.</summary>
    public async Task<JsonObject> CompleteAsync(CompleteContent asked)
    {
        var index = CellText.Index(asked.Code, asked.CursorPos);
        var answer = DirectiveCompletions.Find(asked.Code, index, folder) ?? Completions.Find(
            await engine.Session(), asked.Code, index);
        return answer.ToJson(asked.Code);
    }

    /// <summary>The content of an inspect reply.</summary>
    public async Task<JsonObject> InspectAsync(InspectContent asked) =>
        Tooltips.Find(await engine.Session(), asked.Code, CellText.Index(asked.Code, asked.CursorPos));

    /// <summary>
    /// Asks a first question in the background, once; called when the first cell has run and the processor is free.
    /// </summary>
    public void WarmUp()
    {
        if (Interlocked.Exchange(ref warm, 1) == 1) return;
        new Thread(() =>
        {
            try
            {
                CompleteAsync(new CompleteContent("Console.Wri", 11)).Wait();
                CompleteAsync(new CompleteContent("Cons", 4)).Wait();
                InspectAsync(new InspectContent("Console.WriteLine(", 18)).Wait();
            }
            catch (Exception error) { KernelLog.Write($"Completion did not warm up: {error.Message}"); }
        }) { IsBackground = true, Priority = ThreadPriority.BelowNormal, Name = "completion warm-up" }.Start();
    }
}

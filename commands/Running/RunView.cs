using System.Collections.Concurrent;
using System.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ImageGen.Course.Running;

/// <summary>Shows a run while it runs.</summary>
internal interface IRunView
{
    /// <summary>Shows <paramref name="work"/> while it runs.</summary>
    Task ShowAsync(IReadOnlyList<Lesson> lessons, Func<Task> work);

    /// <summary>A cell of a lesson starts.</summary>
    void Report(LessonProgress progress);

    /// <summary>A lesson has ended.</summary>
    void Ended(LessonResult result);
}

/// <summary>Plain lines, for a file or a pipe: a lesson's start and end, and a sign of life in between.</summary>
internal sealed class PlainRunView(TextWriter output) : IRunView
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Stopwatch sinceLine = new();
    private readonly Stopwatch lesson = new();

    public Task ShowAsync(IReadOnlyList<Lesson> lessons, Func<Task> work) => work();

    public void Report(LessonProgress at)
    {
        if (at.Cell <= 1 && !lesson.IsRunning)
        {
            lesson.Restart();
            Line($"{at.Lesson.DisplayName}: {at.Cells} "
                + $"cells{(at.Expected is { } e ? $", about {RunSummary.Seconds(e)}" : "")}");
        }
        else if (sinceLine.Elapsed > Pause) Line($"{at.Lesson.DisplayName}: cell {at.Cell} of {at.Cells}, "
            + $"{RunSummary.Seconds(lesson.Elapsed)}");
    }

    public void Ended(LessonResult result)
    {
        lesson.Reset();
        Line($"{result.Lesson.DisplayName}: {result.Outcome.ToString().ToLowerInvariant()} in "
            + $"{RunSummary.Seconds(result.Elapsed)}");
    }

    private void Line(string text)
    {
        output.WriteLine(text);
        sinceLine.Restart();
    }
}

/// <summary>
/// A display in place, for a terminal: a bar a lesson with its cell, the time it has taken and the time expected.
/// </summary>
internal sealed class LiveRunView(IAnsiConsole console) : IRunView
{
    private readonly Dictionary<Lesson, ProgressTask> tasks = [];
    private readonly ConcurrentDictionary<int, string> notes = [];

    public Task ShowAsync(IReadOnlyList<Lesson> lessons, Func<Task> work) => console.Progress()
        .Columns(
            new Mark(notes), new TaskDescriptionColumn { Alignment = Justify.Left },
            new ProgressBarColumn { Width = 24 }, new Note(notes))
        .StartAsync(async context =>
        {
            foreach (var lesson in lessons)
                tasks[lesson] = context.AddTask(Markup.Escape(lesson.DisplayName), autoStart: false);
            await work();
        });

    public void Report(LessonProgress at)
    {
        if (!tasks.TryGetValue(at.Lesson, out var task)) return;
        if (!task.IsStarted) task.StartTask();
        (task.MaxValue, task.Value) = (Math.Max(1, at.Cells), Math.Max(0, at.Cell - 1));
        notes[task.Id] =
            $"cell {at.Cell}/{at.Cells}|{(at.Expected is { } e ? $"of about {RunSummary.Seconds(e)}" : "")}";
    }

    public void Ended(LessonResult result)
    {
        if (!tasks.TryGetValue(result.Lesson, out var task)) return;
        if (result.Outcome == LessonOutcome.Passed) task.Value = task.MaxValue;
        notes[task.Id] = result.Outcome switch { LessonOutcome.Passed => "+", LessonOutcome.Failed => "!", _ => "-" };
        task.StopTask();
    }

    private sealed class Mark(ConcurrentDictionary<int, string> notes) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            notes.GetValueOrDefault(task.Id) switch
        {
            null => new Spectre.Console.Text(" "),
            "+" => new Spectre.Console.Text("✓", new Spectre.Console.Style(Color.Green)),
            "!" => new Spectre.Console.Text("✗", new Spectre.Console.Style(Color.Red)),
            "-" => new Spectre.Console.Text("–", new Spectre.Console.Style(Color.Yellow)),
            _ => new Spectre.Console.Text("▸", new Spectre.Console.Style(Color.Aqua)),
        };
    }

    private sealed class Note(ConcurrentDictionary<int, string> notes) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
        {
            var elapsed = task.ElapsedTime is { } time ? RunSummary.Seconds(time) : "";
            return notes.GetValueOrDefault(task.Id)?.Split('|') is [var cell, var expected]
                ? new Spectre.Console.Text($"{cell}  {elapsed} {expected}")
                : new Spectre.Console.Text(elapsed, new Spectre.Console.Style(Color.Grey));
        }
    }
}

using System.Diagnostics;
using ImageGen.Course.Notebooks;
using ImageGen.Data;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using ImageGen.Runtime;
using ImageGen.Style;

namespace ImageGen.Course.Running;

/// <summary>How a run of a lesson ended.</summary>
public enum LessonOutcome
{
    /// <summary>Every cell ran.</summary>
    Passed,

    /// <summary>A cell failed, or the notebook could not be read.</summary>
    Failed,

    /// <summary>Ctrl-C.</summary>
    Stopped,
}

/// <summary>A lesson's run.</summary>
/// <param name="Lesson">Which.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Notebook">The notebook with the outputs of the cells that ran; null when it could not be read.</param>
/// <param name="CellsRun">Code cells that ran to their end.</param>
/// <param name="Cells">Code cells in all.</param>
/// <param name="Elapsed">From the start of its process to its end.</param>
/// <param name="PeakBytes">The most memory its process had.</param>
/// <param name="Failure">What failed: cell, line and message, in one line; or what went wrong after it passed.</param>
public sealed record LessonResult(
    Lesson Lesson, LessonOutcome Outcome, Notebook? Notebook, int CellsRun, int Cells, TimeSpan Elapsed, long PeakBytes, string? Failure = null);

/// <summary>Where a running lesson is.</summary>
/// <param name="Lesson">Which.</param>
/// <param name="Cell">The code cell that runs, from 1.</param>
/// <param name="Cells">Code cells in all.</param>
/// <param name="Expected">
/// How long the whole lesson took when it was published at this scale; null when not known.
/// </param>
public sealed record LessonProgress(Lesson Lesson, int Cell, int Cells, TimeSpan? Expected);

/// <summary>What a run is to do.</summary>
public sealed record RunOptions
{
    /// <summary>How much work the lessons do.</summary>
    public Scale Scale { get; init; } = Scale.Small;

    /// <summary>A student's own content picture, as an absolute path.</summary>
    public string? Content { get; init; }

    /// <summary>A student's own style picture, as an absolute path.</summary>
    public string? Style { get; init; }

    /// <summary>The most time a cell may take; null for as long as it needs.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// A folder for the states of trainings and for finished work, so that a lesson that was stopped goes on with them;
    /// none are kept when null.
    /// </summary>
    public string? States { get; init; }

    /// <summary>
    /// For a run that others will see: no pictures of the student's own, whatever the environment says.
    /// </summary>
    public bool OnlyTheCourses { get; init; }

    /// <summary>What the student wants of a painting: variables of <see cref="OwnStyleOptions"/> and their values.</summary>
    public IReadOnlyDictionary<string, string> Painting { get; init; } = new Dictionary<string, string>();

    /// <summary>The variables that a lesson's process gets; null takes one away.</summary>
    public IReadOnlyDictionary<string, string?> Environment(Lesson lesson)
    {
        var variables = new Dictionary<string, string?> { [Scales.Variable] = Scale.ToString().ToLowerInvariant(), [CellStates.Variable] = StatesOf(lesson) };
        if (OnlyTheCourses)
            foreach (var name in (string[])[CoursePictures.ContentVariable, CoursePictures.StyleVariable, CoursePictures.PaintingVariable,
                OwnStyleOptions.SizeVariable, OwnStyleOptions.StrengthVariable, OwnStyleOptions.KeepColorsVariable]) variables[name] = null;
        if (Content is not null) variables[CoursePictures.ContentVariable] = Content;
        if (Style is not null) variables[CoursePictures.StyleVariable] = Style;
        foreach (var (name, value) in Painting) variables[name] = value;
        if (lesson.IsSolution) variables["IMAGEGEN_CHECKS"] = "strict";
        return variables;
    }

    /// <summary>Deletes the states of a lesson that has ended, so that it begins anew the next time.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public string? Forget(Lesson lesson)
    {
        try
        {
            if (StatesOf(lesson) is { } states && Directory.Exists(states)) Directory.Delete(states, recursive: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"what was kept of it cannot be deleted, delete {StatesOf(lesson)} to begin anew: {error.Message}";
        }
    }

    private string? StatesOf(Lesson lesson) => States is null ? null : Path.Combine(States, lesson.DisplayName);
}

/// <summary>
/// Executes one lesson in a process of its own, from the first code cell to the last or to the first failure.
/// </summary>
public sealed class LessonRunner(RunOptions options)
{
    /// <summary>Executes a lesson.</summary>
    /// <param name="lesson">Which.</param>
    /// <param name="progress">Told as each cell starts.</param>
    /// <param name="cancellationToken">Stops the lesson; the result has what was done.</param>
    public async Task<LessonResult> RunAsync(
        Lesson lesson, Action<LessonProgress> progress, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        Notebook notebook;
        try { notebook = Notebook.Read(lesson.Path); }
        catch (CourseException error) { return new LessonResult(lesson, LessonOutcome.Failed, null, 0, 0, watch.Elapsed, 0, error.Message); }

        NotebookCell[] cells = [.. notebook.CodeCells];
        foreach (var cell in cells) (cell.Outputs, cell.ExecutionCount) = ([], null);
        var record = RunRecord.Of(notebook);
        var expected = record?.Scale == options.Scale ? TimeSpan.FromSeconds(record.Seconds) : (TimeSpan?)null;
        var (run, peak) = (0, 0L);
        try
        {
            progress(new LessonProgress(lesson, Math.Min(1, cells.Length), cells.Length, expected));
            await using var engine = await EngineProcess.StartAsync(
                lesson.Folder, options.Environment(lesson), cancellationToken);
            var outputs = new NotebookOutputs();
            foreach (var cell in cells)
            {
                progress(new LessonProgress(lesson, run + 1, cells.Length, expected));
                cell.ExecutionCount = run + 1;
                var end = await engine.ExecuteAsync(
                    run + 1, cell.Source, options.Timeout, (n, output) => outputs.Add(cells[n - 1], output),
                    cancellationToken);
                peak = engine.PeakBytes;
                cell.Metadata[Notebook.OwnMetadata] = new CellRecord(end.Seconds).ToJson();
                if (end.Status != CellStatus.Ok)
                    return Result(LessonOutcome.Failed, Failure(notebook, cell, run + 1, end.Error));
                run++;
            }
            return Result(LessonOutcome.Passed, options.Forget(lesson));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return Result(LessonOutcome.Stopped); }
        catch (CourseException error) { return Result(LessonOutcome.Failed, error.Message); }

        LessonResult Result(LessonOutcome outcome, string? failure = null)
        {
            new RunRecord(options.Scale, watch.Elapsed.TotalSeconds, peak, outcome).AddTo(notebook);
            return new LessonResult(lesson, outcome, notebook, run, cells.Length, watch.Elapsed, peak, failure);
        }
    }

    private static string Failure(Notebook notebook, NotebookCell cell, int number, ErrorOutput? error)
    {
        var line = error?.Line is { } at ? $", line {at}" : "";
        var place = notebook.Cells.ToList().IndexOf(cell) + 1;
        var message = error is null ? "it failed" : error.Text == error.Message ? error.Message : $"{error.Name}: {error.Message}";
        return $"cell [{number}] (the {Ordinal(place)} of the notebook){line}: {message}";
    }

    private static string Ordinal(int n) => (n % 100) is 11 or 12 or 13
        ? $"{n}th"
        : (n % 10) switch { 1 => $"{n}st", 2 => $"{n}nd", 3 => $"{n}rd", _ => $"{n}th" };
}

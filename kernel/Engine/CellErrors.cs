using System.Diagnostics;
using System.Reflection;
using System.Text;
using ImageGen.Kernel.Outputs;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Puts errors as a student should see them: the message, the line of the cell, and no frames of ours.
/// </summary>
/// <param name="folder">The notebook's folder, where cells have their made-up file names.</param>
internal sealed class CellErrors(string folder)
{
    /// <summary>
    /// Where a library may leave a function that explains exceptions in one sentence (null for those it does not know):
    /// <c>AppContext.SetData("Notebook.ExplainError", (Func&lt;Exception, string?&gt;)…)</c>.
    /// </summary>
    public const string ExplainKey = "Notebook.ExplainError";

    private const int MostCompileErrors = 5;
    private const int MostAdvice = 3;
    private const int MostFrames = 6;

    private readonly Dictionary<string, CellSource> sources = [];

    /// <summary>The made-up file name of a cell.</summary>
    public static string NameOf(int number) => $"[{number}]";

    /// <summary>Keeps a cell's lines, to quote them.</summary>
    /// <param name="number">The cell's number.</param>
    /// <param name="code">Its code as the student wrote it.</param>
    /// <param name="insertions">What the engine wrote into the code that is compiled.</param>
    public void Remember(int number, string code, IReadOnlyList<(int At, int Length)> insertions) =>
        sources[Path.Combine(folder, NameOf(number))] = new CellSource(SourceText.From(code), insertions);

    /// <summary>Why a cell did not compile.</summary>
    public ErrorOutput Compile(IReadOnlyList<Diagnostic> errors, int number)
    {
        var text = new StringBuilder();
        foreach (var error in errors.Take(MostCompileErrors))
        {
            var span = error.Location.GetLineSpan();
            text.Append($"error {error.Id}: {error.GetMessage()}\n");
            if (!error.Location.IsInSource) continue;
            var (at, column) = (span.StartLinePosition.Line, span.StartLinePosition.Character);
            if (sources.TryGetValue(span.Path, out var source))
                column -= source.InsertedBefore(error.Location.SourceSpan.Start, at);
            var isOneLine = at == span.EndLinePosition.Line;
            Quote(text, span.Path, number, at, column, isOneLine ? Math.Max(1, error.Location.SourceSpan.Length) : 1);
        }
        if (errors.Count > MostCompileErrors) text.Append($"and {errors.Count - MostCompileErrors} more.\n");
        var first = errors[0];
        int? line = first.Location.IsInSource && IsCell(first.Location.GetLineSpan().Path, number)
            ? first.Location.GetLineSpan().StartLinePosition.Line + 1
            : null;
        return new ErrorOutput(
            "CompilationError", $"{first.Id}: {first.GetMessage()}", line, text.ToString().TrimEnd());
    }

    /// <summary>What the compiler advises against, in a few lines.</summary>
    public string Advice(IReadOnlyList<Diagnostic> warnings, int number)
    {
        var text = new StringBuilder();
        foreach (var warning in warnings.Take(MostAdvice))
        {
            text.Append($"warning {warning.Id}: {warning.GetMessage()}\n");
            var span = warning.Location.GetLineSpan();
            Quote(text, span.Path, number, span.StartLinePosition.Line, null, 0);
        }
        return text.ToString();
    }

    /// <summary>What a cell threw.</summary>
    public ErrorOutput Thrown(Exception thrown, int number)
    {
        var error = Unwrap(thrown);
        var frames = Frames(error).ToArray();
        int? line = frames.FirstOrDefault(f => IsCell(f.File, number)) is { File: not null } own ? own.Line : null;
        // An exception whose text is its message alone wants nothing more to be shown.
        if (Explained(thrown) is { } sentence) return new ErrorOutput(error.GetType().Name, sentence, line, sentence);
        if (IsWhole(error)) return new ErrorOutput(error.GetType().Name, error.Message, line, error.Message);

        var name = error.GetType().Name;
        var text = new StringBuilder($"{name}: {error.Message}\n");
        foreach (var frame in frames.Take(MostFrames)) Quote(text, frame.File, number, frame.Line - 1, null, 0);
        for (var inner = error.InnerException; inner is not null; inner = inner.InnerException)
            text.Append($"because of {inner.GetType().Name}: {inner.Message}\n");
        return new ErrorOutput(name, FirstLine(error.Message), line, text.ToString().TrimEnd());
    }

    private static bool IsWhole(Exception error)
    {
        try { return error.ToString() == error.Message; }
        catch (Exception) { return false; }
    }

    private static string? Explained(Exception error)
    {
        try { return (AppContext.GetData(ExplainKey) as Func<Exception, string?>)?.Invoke(error); }
        catch (Exception) { return null; } // The library's own fault must not hide the student's.
    }

    /// <summary>A line said by the engine itself.</summary>
    public static ErrorOutput Plain(string name, string message, int? line = null) => new(name, message, line, message);

    // A wrapper says nothing that its content does not say better.
    private static Exception Unwrap(Exception error) => error switch
    {
        AggregateException { InnerExceptions: [var only] } => Unwrap(only),
        TargetInvocationException { InnerException: { } inner } => Unwrap(inner),
        TypeInitializationException { InnerException: { } inner } => Unwrap(inner),
        _ => error,
    };

    private IEnumerable<(string File, int Line)> Frames(Exception error) =>
        new StackTrace(error, fNeedFileInfo: true).GetFrames()
        .Select(frame => (File: frame.GetFileName() ?? "", Line: frame.GetFileLineNumber()))
        .Where(
            frame => frame.Line > 0
                && (sources.ContainsKey(frame.File) || frame.File.EndsWith(".csx", StringComparison.Ordinal)))
        .DistinctUntilChanged();

    private bool IsCell(string file, int number) => Path.GetFileName(file) == NameOf(number);

    private void Quote(StringBuilder text, string file, int number, int line, int? column, int width)
    {
        var place = IsCell(file, number) ? $"line {line + 1}"
            : sources.ContainsKey(file) ? $"line {line + 1} of cell {Path.GetFileName(file)}"
            : $"line {line + 1} of {Path.GetFileName(file)}";
        var source = sources.TryGetValue(file, out var cell) ? cell.Line(line) : null;
        if (string.IsNullOrWhiteSpace(source))
        {
            text.Append($"  {place}\n");
            return;
        }
        var shown = source.TrimStart();
        text.Append($"  {place}: {shown}\n");
        if (column is not { } at) return;
        var indent = at - (source.Length - shown.Length);
        if (indent < 0 || indent > shown.Length) return;
        text.Append(' ', 2 + place.Length + 2 + indent).Append('^').Append(
            '~', Math.Clamp(width - 1, 0, Math.Max(0, shown.Length - indent - 1))).Append('\n');
    }

    private static string FirstLine(string message) => message.ReplaceLineEndings("\n").Split('\n')[0];
}

/// <summary>A cell's code as the student wrote it, beside what the compiler saw.</summary>
internal sealed record CellSource(SourceText Text, IReadOnlyList<(int At, int Length)> Insertions)
{
    /// <summary>A line, counted from 0; null past the end.</summary>
    public string? Line(int line) => line < Text.Lines.Count ? Text.Lines[line].ToString().TrimEnd() : null;

    /// <summary>How many characters of a line before a place of the compiled code the student did not write.</summary>
    public int InsertedBefore(int compiledPlace, int line)
    {
        var (all, here) = (0, 0);
        foreach (var (at, length) in Insertions)
        {
            if (at + all >= compiledPlace) break;
            all += length;
            if (Text.Lines.GetLineFromPosition(at).LineNumber == line) here += length;
        }
        return here;
    }
}

/// <summary>One sequence operation that errors need: recursion shows one frame, not a thousand.</summary>
file static class Sequences
{
    public static IEnumerable<T> DistinctUntilChanged<T>(this IEnumerable<T> source)
    {
        var (any, last) = (false, default(T));
        foreach (var item in source)
        {
            if (any && EqualityComparer<T>.Default.Equals(item, last)) continue;
            (any, last) = (true, item);
            yield return item;
        }
    }
}

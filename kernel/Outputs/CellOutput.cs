using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ImageGen.Kernel.Outputs;

/// <summary>One thing a cell puts out, in the order it does.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(StreamOutput), "stream")]
[JsonDerivedType(typeof(DisplayOutput), "display")]
[JsonDerivedType(typeof(UpdateDisplay), "update")]
[JsonDerivedType(typeof(ResultOutput), "result")]
[JsonDerivedType(typeof(ErrorOutput), "error")]
[JsonDerivedType(typeof(ClearOutput), "clear")]
public abstract record CellOutput;

/// <summary>Text written to the console.</summary>
/// <param name="IsError">Standard error rather than standard output.</param>
/// <param name="Text">As written, line ends included.</param>
public sealed record StreamOutput(bool IsError, string Text) : CellOutput;

/// <summary>A value shown on demand.</summary>
/// <param name="DisplayId">Names this display for later updates.</param>
/// <param name="Bundle">The same value in one or more MIME types; JSON types as JSON, all others as strings.</param>
public sealed record DisplayOutput(string DisplayId, JsonObject Bundle) : CellOutput;

/// <summary>A new state of a value shown before, wherever it is shown.</summary>
public sealed record UpdateDisplay(string DisplayId, JsonObject Bundle) : CellOutput;

/// <summary>The value of a cell's last expression.</summary>
public sealed record ResultOutput(JsonObject Bundle) : CellOutput;

/// <summary>Why a cell did not end well, as the student should see it.</summary>
/// <param name="Name">
/// The kind of error, for example <c>InvalidOperationException</c> or <c>CompilationError</c>.
/// </param>
/// <param name="Message">Its first line.</param>
/// <param name="Line">The line of this cell, from 1, where known.</param>
/// <param name="Text">All that is shown, with the offending source line.</param>
public sealed record ErrorOutput(string Name, string Message, int? Line, string Text) : CellOutput;

/// <summary>What the cell has put out so far is to disappear.</summary>
/// <param name="Wait">Only when the next output comes, so that nothing flickers.</param>
public sealed record ClearOutput(bool Wait) : CellOutput;

/// <summary>
/// Takes the outputs of a cell. Called from any thread, also after the cell has ended; must return quickly.
/// </summary>
public interface IOutputSink
{
    /// <summary>Takes one output.</summary>
    void Write(CellOutput output);
}

/// <summary>Answers <c>Console.ReadLine</c>. A sink may be one.</summary>
public interface IInputSource
{
    /// <summary>A line that a person typed; null where nobody can.</summary>
    /// <exception cref="OperationCanceledException">The cell was interrupted instead.</exception>
    string? ReadLine(CancellationToken cancellationToken);
}

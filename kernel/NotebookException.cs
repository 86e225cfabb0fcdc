namespace ImageGen.Kernel;

/// <summary>
/// Something that the person at the notebook can put right. Its message is one clear line, and the only thing that is
/// shown.
/// </summary>
public sealed class NotebookException : Exception
{
    /// <summary>Makes an error with the one line that is shown.</summary>
    public NotebookException(string message) : base(message) { }

    /// <summary>Makes an error with the one line that is shown, and keeps its cause for a debugger.</summary>
    public NotebookException(string message, Exception inner) : base(message, inner) { }

    /// <summary>The message alone: what a notebook shows of an exception that says so itself.</summary>
    public override string ToString() => Message;
}

namespace ImageGen.Runtime;

/// <summary>
/// Something a student can put right: the message is one clear line that says what was wrong, where, and what to do.
/// Notebooks and commands show that line alone, with no stack trace.
/// </summary>
public class CourseException : Exception
{
    /// <summary>Makes an error with the one line that is shown.</summary>
    public CourseException(string message) : base(OneLine(message)) { }

    /// <summary>Makes an error with the one line that is shown, and keeps its cause for a debugger.</summary>
    public CourseException(string message, Exception inner) : base(OneLine(message), inner) { }

    /// <summary>The message alone: notebook kernels show an exception's text.</summary>
    public override string ToString() => Message;

    // A name out of a damaged file may hold anything.
    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}

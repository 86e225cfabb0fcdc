using ImageGen.Kernel.Outputs;
using Microsoft.DotNet.Interactive.Formatting;

// The names of .NET Interactive, so that one and the same notebook line works on both kernels.
namespace Microsoft.DotNet.Interactive;

/// <summary>The cell that is running, for code that shows things.</summary>
public sealed class KernelInvocationContext
{
    private static readonly AsyncLocal<KernelInvocationContext?> Running = new();

    private readonly IOutputSink sink;
    private readonly CancellationToken cancellationToken;

    internal KernelInvocationContext(IOutputSink sink, CancellationToken cancellationToken) =>
        (this.sink, this.cancellationToken) = (sink, cancellationToken);

    /// <summary>The running cell; null outside cells. It flows into the tasks and threads that a cell starts.</summary>
    public static KernelInvocationContext? Current
    {
        get => Running.Value;
        internal set => Running.Value = value;
    }

    /// <summary>Canceled when the student interrupts the cell.</summary>
    public CancellationToken CancellationToken
    {
        get
        {
            TokenWasRead = true;
            return cancellationToken;
        }
    }

    /// <summary>
    /// Whether the cell asked for <see cref="CancellationToken"/>, and so can be trusted to stop by itself.
    /// </summary>
    internal bool TokenWasRead { get; private set; }

    /// <summary>Whether the cell's guards are to end it.</summary>
    internal bool IsStopped { get; set; }

    /// <summary>Shows a value.</summary>
    /// <param name="value">What to show.</param>
    /// <param name="mimeTypes">
    /// The MIME types wanted, all in one output; none means those of the value's own type.
    /// </param>
    /// <returns>A handle that can show another value in the same place later.</returns>
    public DisplayedValue Display(object? value, params string[] mimeTypes) =>
        Displays.Show(this, value, MimeBundle.From(value, mimeTypes));

    /// <summary>Shows text that is already of a MIME type; a binary type takes base64.</summary>
    public DisplayedValue DisplayAs(string value, string mimeType) =>
        Displays.Show(this, value, MimeBundle.Raw(value, mimeType));

    /// <summary>Writes to the cell's standard output.</summary>
    public void DisplayStandardOut(string output) => Emit(new StreamOutput(IsError: false, output));

    /// <summary>Writes to the cell's standard error.</summary>
    public void DisplayStandardError(string error) => Emit(new StreamOutput(IsError: true, error));

    /// <summary>Removes what the cell has put out so far.</summary>
    /// <param name="wait">Only when the next output comes, so that nothing flickers.</param>
    public void ClearOutput(bool wait = false) => Emit(new ClearOutput(wait));

    internal string? ReadLine() => (sink as IInputSource)?.ReadLine(cancellationToken);

    internal void Emit(CellOutput output)
    {
        // What the sink itself writes to the console is not the cell's.
        var running = Running.Value;
        Running.Value = null;
        try { sink.Write(output); }
        finally { Running.Value = running; }
    }
}

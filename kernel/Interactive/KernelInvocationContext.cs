using ImageGen.Kernel.Outputs;

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
    public DisplayedValue Display(object? value, params string[] mimeTypes)
    {
        var shown = new DisplayedValue(this, mimeTypes);
        Emit(new DisplayOutput(shown.DisplayId, MimeBundle.From(value, mimeTypes)));
        return shown;
    }

    /// <summary>Shows text that is already of a MIME type; a binary type takes base64.</summary>
    public DisplayedValue DisplayAs(string value, string mimeType)
    {
        var shown = new DisplayedValue(this, [mimeType]);
        Emit(new DisplayOutput(shown.DisplayId, MimeBundle.Raw(value, mimeType)));
        return shown;
    }

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

/// <summary>A value on the page. It can be replaced from any thread, also after its cell has ended.</summary>
public sealed class DisplayedValue
{
    private readonly KernelInvocationContext context;

    internal DisplayedValue(KernelInvocationContext context, IReadOnlyList<string> mimeTypes) =>
        (this.context, MimeTypes) = (context, mimeTypes);

    /// <summary>The name of the place on the page.</summary>
    public string DisplayId { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The MIME types that were asked for; none means those of each value's own type.</summary>
    public IReadOnlyList<string> MimeTypes { get; }

    /// <summary>Shows another value in this place.</summary>
    public void Update(object? updatedValue) =>
        context.Emit(new UpdateDisplay(DisplayId, MimeBundle.From(updatedValue, MimeTypes)));
}

namespace ImageGen.Runtime;

/// <summary>
/// The notebook cell that is running, as far as a long loop needs to know it: whether the student pressed stop, and where to keep
/// its state.
/// </summary>
/// <remarks>
/// A kernel that knows this type enters a scope for each cell. On any other kernel, and in a plain program,
/// <see cref="Token"/> is a token that is never canceled, and nothing is kept.
/// </remarks>
public sealed class CellScope : IDisposable
{
    private static readonly AsyncLocal<CellScope?> Current = new();

    private readonly CellScope? outer;
    private readonly CancellationToken token;
    private readonly string? states;
    private int begun;

    private CellScope(CellScope? outer, CancellationToken token, string? states) => (this.outer, this.token, this.states) = (outer, token, states);

    /// <summary>Canceled when the student interrupts the running cell: end the loop and return what there is.</summary>
    public static CancellationToken Token
    {
        get
        {
            if (Current.Value is not { } cell) return CancellationToken.None;
            cell.TokenWasRead = true;
            return cell.token;
        }
    }

    /// <summary>Whether something in the cell asked for <see cref="Token"/>, and so can be trusted to stop by itself.</summary>
    public bool TokenWasRead { get; private set; }

    /// <summary>A file for the state of the cell's next training or other long work, the same for the first, the second … whenever the cell runs; null where none is kept.</summary>
    public static string? NextState() =>
        Current.Value is { states: { } states } cell ? $"{states}-{Interlocked.Increment(ref cell.begun)}.safetensors" : null;

    /// <summary>Begins a cell; disposing of the result ends it.</summary>
    /// <param name="token">Canceled when the cell is to end.</param>
    /// <param name="states">What the paths of its states begin with; null where none is kept.</param>
    public static CellScope Enter(CancellationToken token, string? states = null) => Current.Value = new CellScope(Current.Value, token, states);

    /// <summary>Ends the cell.</summary>
    public void Dispose() => Current.Value = outer;
}

namespace ImageGen.Runtime;

/// <summary>
/// The notebook cell that is running, as far as a long loop needs to know it: whether the student pressed stop.
/// </summary>
/// <remarks>
/// A kernel that knows this type enters a scope for each cell. On any other kernel, and in a plain program,
/// <see cref="Token"/> is a token that is never canceled.
/// </remarks>
public sealed class CellScope : IDisposable
{
    private static readonly AsyncLocal<CellScope?> Current = new();

    private readonly CellScope? outer;
    private readonly CancellationToken token;

    private CellScope(CellScope? outer, CancellationToken token) => (this.outer, this.token) = (outer, token);

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

    /// <summary>Begins a cell; disposing of the result ends it.</summary>
    public static CellScope Enter(CancellationToken token) => Current.Value = new CellScope(Current.Value, token);

    /// <summary>Ends the cell.</summary>
    public void Dispose() => Current.Value = outer;
}

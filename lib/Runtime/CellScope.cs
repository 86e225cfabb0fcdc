using System.Reflection;

namespace ImageGen.Runtime;

/// <summary>
/// The notebook cell that is running, as far as a long loop needs to know it: whether the student pressed stop, and where to keep
/// its state.
/// </summary>
/// <remarks>
/// The token is that of the kernel's own <c>KernelInvocationContext.Current</c>, which the course's kernel and .NET Interactive
/// both have and this library references of neither. In a plain program <see cref="Token"/> is never canceled, and nothing is kept.
/// </remarks>
public sealed class CellScope : IDisposable
{
    private const string Context = "Microsoft.DotNet.Interactive.KernelInvocationContext";

    private static readonly AsyncLocal<CellScope?> Current = new();
    private static volatile Func<CancellationToken>? kernelToken;

    private readonly CellScope? outer;
    private readonly CancellationToken token;
    private readonly string? states;
    private int begun;

    private CellScope(CellScope? outer, CancellationToken token, string? states) =>
        (this.outer, this.token, this.states) = (outer, token, states);

    /// <summary>Canceled when the student interrupts the running cell: end the loop and return what there is.</summary>
    public static CancellationToken Token =>
        Current.Value is { token: { CanBeCanceled: true } own } ? own : (kernelToken ??= FindKernel())?.Invoke() ?? default;

    /// <summary>
    /// A file for the state of the cell's next training or other long work, the same for the first, the second … whenever the
    /// cell runs; null where none is kept.
    /// </summary>
    public static string? NextState() =>
        Current.Value is { states: { } states } cell ? $"{states}-{Interlocked.Increment(ref cell.begun)}.safetensors" : null;

    /// <summary>Begins a cell; disposing of the result ends it.</summary>
    /// <param name="token">Canceled when the cell is to end; one that cannot be leaves it to the kernel's own.</param>
    /// <param name="states">What the paths of its states begin with; null where none is kept.</param>
    public static CellScope Enter(CancellationToken token, string? states = null) =>
        Current.Value = new CellScope(Current.Value, token, states);

    /// <summary>Ends the cell.</summary>
    public void Dispose() => Current.Value = outer;

    // Null while no kernel is loaded. Looking costs a millisecond, and is done once a loop.
    private static Func<CancellationToken>? FindKernel()
    {
        var context = AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic)
            .Select(assembly => assembly.GetType(Context)).FirstOrDefault(type => type is not null);
        var current = context?.GetProperty("Current", BindingFlags.Public | BindingFlags.Static);
        var token = context?.GetProperty("CancellationToken", typeof(CancellationToken));
        if (current is null || token is null) return null;
        return () => current.GetValue(null) is { } cell ? (CancellationToken)token.GetValue(cell)! : default;
    }
}

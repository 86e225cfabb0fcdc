using System.Reflection;

namespace ImageGen.Runtime;

/// <summary>The stop button of the notebook whose cell is running.</summary>
/// <remarks>
/// The token is that of the kernel's own <c>KernelInvocationContext.Current</c>, which the course's kernel and .NET Interactive
/// both have and this library references of neither. In a plain program it is never canceled.
/// </remarks>
public static class KernelInterrupt
{
    private const string Context = "Microsoft.DotNet.Interactive.KernelInvocationContext";

    private static volatile Func<CancellationToken>? kernelToken;

    /// <summary>Canceled when the student interrupts the running cell: end the loop and return what there is.</summary>
    public static CancellationToken Token => (kernelToken ??= FindKernel())?.Invoke() ?? default;

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

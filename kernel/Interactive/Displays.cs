using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Outputs;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// What cells show with <c>x.Display()</c> and update later. These are the formatting library's own functions; it tells us
/// of each, and the cell that showed a value gets its updates too, from any thread and after it has ended.
/// </summary>
internal static class Displays
{
    private static readonly ConditionalWeakTable<DisplayedValue, KernelInvocationContext> Cells = [];
    private static readonly Lazy<IDisposable> Subscription = new(() => Formatter.SubscribeToDisplayedValues(Heard));

    /// <summary>Begins to listen, once in the life of the process.</summary>
    public static void Listen() => _ = Subscription.Value;

    /// <summary>Shows a value in a cell.</summary>
    /// <param name="context">The cell.</param>
    /// <param name="value">The value.</param>
    /// <param name="bundle">The value in the MIME types wanted.</param>
    public static DisplayedValue Show(KernelInvocationContext context, object? value, JsonObject bundle)
    {
        var shown = new DisplayedValue(value, [.. bundle.Select(part => new FormattedValue(part.Key, part.Value?.ToString()))]);
        Cells.Add(shown, context);
        context.Emit(new DisplayOutput(shown.DisplayId, bundle));
        return shown;
    }

    private static void Heard(DisplayedValue shown)
    {
        var bundle = MimeBundle.From(shown);
        if (Cells.TryGetValue(shown, out var cell)) cell.Emit(new UpdateDisplay(shown.DisplayId, bundle));
        else if (KernelInvocationContext.Current is { } current)
        {
            Cells.Add(shown, current);
            current.Emit(new DisplayOutput(shown.DisplayId, bundle));
        }
    }
}

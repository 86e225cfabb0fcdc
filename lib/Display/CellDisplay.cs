using System.Reflection;

namespace ImageGen.Display;

/// <summary>A place on the notebook's page that can be shown anew.</summary>
/// <remarks>
/// The names are .NET Interactive's, found by reflection: the library refers to no kernel, and the same line works on
/// every kernel that has them. There, <c>Display</c> belongs to the context or to the class of its extension methods.
/// </remarks>
internal sealed class CellDisplay
{
    private const string ContextType = "Microsoft.DotNet.Interactive.KernelInvocationContext";

    private readonly object context;
    private readonly MethodInfo display;
    private object? handle;

    private CellDisplay(object context, MethodInfo display) => (this.context, this.display) = (context, display);

    /// <summary>A place in the cell that runs on this thread; null outside a notebook.</summary>
    public static CellDisplay? InRunningCell()
    {
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (assembly.IsDynamic || assembly.GetType(ContextType) is not { } type) continue;
            if (type.GetProperty("Current", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) is not { } current) continue;
            var method = type.GetMethod("Display", [typeof(object), typeof(string[])])
                ?? assembly.GetType(ContextType + "Extensions")?.GetMethod("Display", [type, typeof(object), typeof(string[])]);
            if (method is not null) return new CellDisplay(current, method);
        }
        return null;
    }

    /// <summary>Shows the value, in the place of the one before.</summary>
    public void Show(object value)
    {
        if (handle is null)
            handle = display.IsStatic ? display.Invoke(null, [context, value, Array.Empty<string>()]) : display.Invoke(context, [value, Array.Empty<string>()]);
        else
            handle.GetType().GetMethod("Update", [typeof(object)])?.Invoke(handle, [value]);
    }
}

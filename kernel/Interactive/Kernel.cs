using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive;

/// <summary>The functions that every cell can call without importing anything.</summary>
public static class Kernel
{
    private static KernelInvocationContext Context => KernelInvocationContext.Current
        ?? throw new InvalidOperationException("Only a notebook cell, or a task that it started, can show something.");

    /// <summary>Shows a value in the running cell; see <see cref="KernelInvocationContext.Display"/>.</summary>
    public static DisplayedValue display(object? value, params string[] mimeTypes) => Context.Display(value, mimeTypes);

    /// <summary>Marks text as HTML.</summary>
    public static IHtmlContent HTML(string content) => new HtmlString(content);

    /// <summary>Styles the page that the notebook is on.</summary>
    public static void CSS(string content) => Context.DisplayAs($"<style>{content}</style>", "text/html");

    /// <summary>Shows a value in the running cell.</summary>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) =>
        Context.Display(value, mimeTypes);

    /// <summary>Shows text that is already of a MIME type; a binary type takes base64.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType) => Context.DisplayAs(value, mimeType);
}

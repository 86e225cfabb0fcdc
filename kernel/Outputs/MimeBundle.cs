using System.Runtime.ExceptionServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Kernel.Outputs;

/// <summary>Shows values: one value in one or several MIME types, as its formatters ask for.</summary>
public static class MimeBundle
{
    private const string Html = "text/html";
    private const string Plain = "text/plain";

    /// <summary>Formats <paramref name="value"/>.</summary>
    /// <param name="value">Anything, null included.</param>
    /// <param name="mimeTypes">The types wanted; none means those the value's own type prefers.</param>
    public static JsonObject From(object? value, params IReadOnlyList<string> mimeTypes)
    {
        if (mimeTypes.Count == 0) mimeTypes = PreferredFor(value);
        var bundle = new JsonObject();
        Exception? failed = null;
        foreach (var mimeType in mimeTypes.Distinct())
            try { bundle[mimeType] = Content(value.ToDisplayString(mimeType), mimeType); }
            catch (Exception error) when (error is not OperationCanceledException) { failed ??= error; }
        // What can be shown in one way is shown, though another way fails: a chart's picture without its JSON.
        if (bundle.Count == 0 && failed is not null) ExceptionDispatchInfo.Throw(failed);
        return bundle;
    }

    /// <summary>A bundle of one type whose text is at hand.</summary>
    public static JsonObject Raw(string text, string mimeType) => new() { [mimeType] = Content(text, mimeType) };

    /// <summary>What the formatting library made of a value that a cell shows.</summary>
    public static JsonObject From(DisplayedValue shown)
    {
        var bundle = new JsonObject();
        // HTML alone is what a type gets that asked for nothing.
        var asked = shown.FormattedValues is not [{ MimeType: Html }] || shown.Value is IHtmlContent;
        if (asked || !IsSimple(shown.Value?.GetType()))
            foreach (var part in shown.FormattedValues) bundle[part.MimeType] = Content(part.Value, part.MimeType);
        if (!asked) bundle[Plain] = shown.Value.ToDisplayString(Plain);
        return bundle;
    }

    // Plotly's type and every other JSON type must be JSON in the notebook: a front end does not parse strings.
    private static JsonNode? Content(string text, string mimeType)
    {
        if (mimeType != "application/json" && !mimeType.EndsWith("+json", StringComparison.Ordinal)) return text;
        try { return JsonNode.Parse(text); }
        catch (JsonException) { return text; }
    }

    private static IReadOnlyList<string> PreferredFor(object? value)
    {
        if (value is null || IsSimple(value.GetType())) return [Plain];
        string[] preferred = [.. Formatter.GetPreferredMimeTypesFor(value.GetType())];
        // HTML alone is what a type gets that asked for nothing: the plain text keeps it readable without HTML.
        return preferred is [Html] && value is not IHtmlContent ? [Html, Plain] : preferred;
    }

    private static bool IsSimple(Type? type) => type is null || type.IsPrimitive || type.IsEnum || type == typeof(string)
        || type == typeof(decimal) || type == typeof(DateTime) || type == typeof(TimeSpan) || type == typeof(Guid);
}

using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Outputs;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Kernel.Engine;

/// <summary>The <c>#!</c> lines that tell something, as .NET Interactive has them.</summary>
internal static class MagicCommands
{
    /// <summary>Measures the rest of its cell.</summary>
    public const string Time = "#!time";

    private const string Who = "#!who", Whos = "#!whos", List = "#!lsmagic", About = "#!about";

    /// <summary>All <c>#!</c> lines that a cell may have, those that name a language among them.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["#!markdown", "#!html", "#!csharp", Time, Who, Whos, List, About];

    /// <summary>Whether a line is one of those that tell something.</summary>
    public static bool Knows(string magic) => magic is Time or Who or Whos or List or About;

    /// <summary>What a line says of itself.</summary>
    /// <param name="magic">One that is known, except <see cref="Time"/>.</param>
    /// <param name="variables">What the cells so far hold.</param>
    public static JsonObject Answer(string magic, IEnumerable<ScriptVariable> variables)
    {
        // A name that was declared again hides the one before.
        var held = variables.Reverse().DistinctBy(variable => variable.Name).OrderBy(
            variable => variable.Name, StringComparer.Ordinal).ToArray();
        return magic switch
        {
            Who =>
                Plain(held.Length == 0 ? "No variables." : string.Join('\n', held.Select(variable => variable.Name))),
            Whos => Table(held),
            List => Plain(string.Join('\n', All.Concat(["#r", "#i", "#load"]))),
            _ => Plain($"C# on .NET {Environment.Version}, ImageGen.Kernel {VersionOf(typeof(MagicCommands))}, "
                + $"Roslyn {VersionOf(typeof(Microsoft.CodeAnalysis.Compilation))}"),
        };
    }

    /// <summary>The time that a cell took.</summary>
    public static JsonObject Elapsed(TimeSpan time) =>
        Plain(string.Create(CultureInfo.InvariantCulture, $"Wall time: {time.TotalMilliseconds:0.####} ms"));

    private static JsonObject Plain(string text) => MimeBundle.Raw(text, "text/plain");

    private static JsonObject Table(IReadOnlyList<ScriptVariable> held)
    {
        var rows = held.Select(variable => (variable.Name, Type: NameOf(variable.Type), Value: Short(variable.Value)))
            .ToArray();
        var lines = rows.Select(row => $"{row.Name}\t{row.Type}\t{row.Value}");
        var bundle = Plain(rows.Length == 0 ? "No variables." : string.Join('\n', lines));
        var cells = rows.Select(
            row => $"<tr><td>{Html(row.Name)}</td><td>{Html(row.Type)}</td><td>{Html(row.Value)}</td></tr>");
        const string Head = "<thead><tr><th>Variable</th><th>Type</th><th>Value</th></tr></thead>";
        bundle["text/html"] = $"<table>{Head}<tbody>{string.Concat(cells)}</tbody></table>";
        return bundle;
    }

    private static string NameOf(Type type) => type.ToDisplayString("text/plain");

    // One line: a value that throws when it is asked must not hide the others.
    private static string Short(object? value)
    {
        const int Most = 80;
        string text;
        try { text = (value?.ToString() ?? "null").ReplaceLineEndings(" "); }
        catch (Exception error) { text = $"({error.GetType().Name})"; }
        return text.Length <= Most ? text : text[..Most] + "…";
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "1";
}

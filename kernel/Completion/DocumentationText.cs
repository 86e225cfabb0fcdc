using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ImageGen.Kernel.Completion;

/// <summary>A documentation comment as text to read.</summary>
internal static partial class DocumentationText
{
    /// <summary>Summary, parameters, result, exceptions and remarks, in Markdown or plain.</summary>
    public static string Of(XElement member, bool isMarkdown)
    {
        var text = new StringBuilder();
        if (member.Element("summary") is { } summary) text.Append(Inline(summary, isMarkdown)).Append("\n\n");
        var parameters = member.Elements("typeparam").Concat(member.Elements("param")).Where(p => !p.IsEmpty).ToArray();
        foreach (var parameter in parameters)
            text.Append(
                isMarkdown
                    ? $"- `{(string?)parameter.Attribute("name")}`: "
                    : $"  {(string?)parameter.Attribute("name")}: ").Append(Inline(parameter, isMarkdown)).Append('\n');
        if (parameters.Length > 0) text.Append('\n');
        if (member.Element("returns") is { IsEmpty: false } returns)
            text.Append(Bold("Returns", isMarkdown)).Append(Inline(returns, isMarkdown)).Append("\n\n");
        foreach (var exception in member.Elements("exception"))
            text.Append(Bold("Throws", isMarkdown)).Append(
                Code(Name((string?)exception.Attribute("cref")), isMarkdown)).Append(": ").Append(Inline(
                    exception, isMarkdown)).Append('\n');
        if (member.Element("remarks") is { IsEmpty: false } remarks)
            text.Append('\n').Append(Inline(remarks, isMarkdown)).Append('\n');
        return text.ToString().TrimEnd();
    }

    private static string Inline(XElement element, bool isMarkdown)
    {
        var text = new StringBuilder();
        foreach (var node in element.Nodes())
            text.Append(node switch
            {
                XText part => Space().Replace(part.Value, " "),
                XElement { Name.LocalName: "para" } paragraph => $"\n\n{Inline(paragraph, isMarkdown)}\n\n",
                XElement { Name.LocalName: "c" or "code" } code => Code(code.Value.Trim(), isMarkdown),
                XElement { Name.LocalName: "see" or "seealso" } see => see.IsEmpty
                    ? Code(
                        (string?)see.Attribute("langword") ?? Name(
                            (string?)see.Attribute("cref") ?? (string?)see.Attribute("href")), isMarkdown)
                    : Inline(see, isMarkdown),
                XElement { Name.LocalName: "paramref" or "typeparamref" } reference =>
                    Code((string?)reference.Attribute("name") ?? "", isMarkdown),
                XElement { Name.LocalName: "item" } item => $"\n- {Inline(item, isMarkdown).Trim()}",
                XElement other => Inline(other, isMarkdown),
                _ => "",
            });
        return Gaps().Replace(text.ToString(), "\n\n").Trim();
    }

    // "M:System.Console.WriteLine(System.String)" → "Console.WriteLine"
    private static string Name(string? cref)
    {
        if (cref is null) return "";
        if (cref.Length < 2 || cref[1] != ':') return cref;
        var parts = cref[2..].Split('(')[0].Split('.');
        return Arity().Replace(string.Join('.', parts[^(cref[0] == 'T' ? 1 : Math.Min(2, parts.Length))..]), "")
            .Replace(".#ctor", "");
    }

    private static string Bold(string word, bool isMarkdown) => isMarkdown ? $"**{word}** " : $"{word}: ";

    private static string Code(string text, bool isMarkdown) => isMarkdown ? $"`{text}`" : text;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"\s*\n\s*\n\s*")]
    private static partial Regex Gaps();

    [GeneratedRegex(@"`+\d+")]
    private static partial Regex Arity();
}

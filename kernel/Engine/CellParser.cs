using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ImageGen.Kernel.Engine;

/// <summary>What a part of a cell is written in.</summary>
internal enum CellLanguage { CSharp, Markdown, Html, Magic }

/// <summary>A piece of a cell in one language.</summary>
/// <param name="Language">Its language.</param>
/// <param name="Text">
/// C# keeps its place: empty lines stand for all that is not C#, so line numbers are the cell's.
/// </param>
/// <param name="References">What its <c>#r</c> and <c>#i</c> lines ask for, in order.</param>
internal sealed record CellPart(CellLanguage Language, string Text, IReadOnlyList<ReferenceRequest> References);

/// <summary>A <c>#r "…"</c> line (or <c>#i "…"</c>, which names a package source).</summary>
internal sealed record ReferenceRequest(string Text, int Line, bool IsSource);

/// <summary>Splits a cell at its <c>#!</c> lines and takes the <c>#r</c> lines out.</summary>
internal static class CellParser
{
    public static readonly CSharpParseOptions Options =
        new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    /// <summary>Reads a cell.</summary>
    /// <exception cref="NotebookException">It uses a magic command that does not exist here.</exception>
    public static IReadOnlyList<CellPart> Parse(string code)
    {
        var lines = code.ReplaceLineEndings("\n").Split('\n');
        var parts = new List<CellPart>();
        var (language, start) = (CellLanguage.CSharp, 0);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("#!", StringComparison.Ordinal)) continue;
            Add(i);
            var magic = lines[i].Trim();
            // A line that tells something leaves the language as it is.
            if (MagicCommands.Knows(magic)) parts.Add(new CellPart(CellLanguage.Magic, magic, []));
            else language = LanguageOf(magic, i + 1);
            start = i + 1;
        }
        Add(lines.Length);
        return parts;

        void Add(int end)
        {
            if (lines[start..end].All(string.IsNullOrWhiteSpace)) return;
            parts.Add(language == CellLanguage.CSharp
                ? CSharp([.. Enumerable.Repeat("", start), .. lines[start..end]])
                : new CellPart(language, string.Join('\n', lines[start..end]).Trim('\n'), []));
        }
    }

    private static CellLanguage LanguageOf(string magic, int line) => magic switch
    {
        "#!csharp" or "#!c#" or "#!C#" => CellLanguage.CSharp,
        "#!markdown" => CellLanguage.Markdown,
        "#!html" => CellLanguage.Html,
        _ => throw new NotebookException($"The magic command '{magic}' in line {line} does not exist here: "
            + Remedy(magic)),
    };

    private static string Remedy(string magic) => magic.Split(' ')[0] switch
    {
        "#!mermaid" => "write the diagram into a Markdown cell, in a block that begins with ```mermaid.",
        "#!javascript" or "#!js" => "show HTML with a script in it: HTML(\"<script>…</script>\").",
        "#!fsharp" or "#!f#" or "#!pwsh" or "#!sql" or "#!kql" or "#!http" or "#!value" or "#!share" or "#!set" =>
            "this kernel runs C# alone.",
        _ => $"there are {string.Join(", ", MagicCommands.All)}, and #r and #load as in C# scripts.",
    };

    // Roslyn finds the directives, because a line that looks like one may stand inside a string or a comment. `#i` is
    // not C#: it is an error to the parser, which still says where it is.
    private static CellPart CSharp(string[] lines)
    {
        if (!lines.Any(line => line.AsSpan().TrimStart() is ['#', 'r' or 'i', ..]))
            return new CellPart(CellLanguage.CSharp, string.Join('\n', lines), []);
        var text = SourceText.From(string.Join('\n', lines));
        var requests = new List<ReferenceRequest>();
        foreach (
            var trivia in CSharpSyntaxTree.ParseText(text, Options).GetRoot().DescendantTrivia(
                descendIntoTrivia: false))
        {
            if (trivia.GetStructure() is not DirectiveTriviaSyntax directive) continue;
            var line = text.Lines.GetLineFromPosition(directive.SpanStart).LineNumber;
            var quoted = lines[line].Split('"');
            var isSource = directive is BadDirectiveTriviaSyntax { Identifier.ValueText: "i" };
            if (!isSource && directive is not ReferenceDirectiveTriviaSyntax || quoted.Length != 3) continue;
            requests.Add(new ReferenceRequest(quoted[1].Trim(), line + 1, isSource));
            lines[line] = "";
        }
        return new CellPart(CellLanguage.CSharp, string.Join('\n', lines), requests);
    }
}

using System.Net;

namespace ImageGen.Course.Pages;

/// <summary>
/// Turns the LaTeX of a course (fractions, sums, Greek, accents, matrices, cases) into MathML, which browsers draw
/// without any script. A formula with a command that is not known here is left to be shown as it is written.
/// </summary>
internal sealed partial class MathMl
{
    private readonly string latex;
    private readonly bool display;
    private int at;

    private MathMl(string latex, bool display) => (this.latex, this.display) = (latex, display);

    /// <summary>The formula as a <c>math</c> element; null when part of it is not understood.</summary>
    public static string? Render(string latex, bool display)
    {
        try
        {
            var parser = new MathMl(latex.Trim(), display);
            var content = parser.Row(stop: null);
            return parser.at < parser.latex.Length ? null
                : $"""<math{(display ? " display=\"block\"" : "")}>{content}</math>""";
        }
        catch (FormatException) { return null; }
    }

    // Everything up to `stop` (or the end), which is consumed: "}", "]", @"\right", @"\end", or a column's or row's
    // end.
    private string Row(string? stop)
    {
        var items = new List<string>();
        while (true)
        {
            SkipSpace();
            if (at >= latex.Length)
                return stop is null ? Group(items) : throw new FormatException($"'{stop}' is missing");
            if (stop is not null && Looking(stop))
            {
                at += stop.Length;
                return Group(items);
            }
            if (latex[at] is '&' || Looking(@"\\") || latex[at] is '}' || Looking(@"\right") && !Looking(@"\rightarrow") || Looking(@"\end{"))
                return stop is null ? Group(items) : throw new FormatException("unexpected end of a group");
            items.Add(Scripted());
        }
    }

    private static string Group(List<string> items) =>
        items is [var only] ? only : $"<mrow>{string.Concat(items)}</mrow>";

    // An atom with what stands below and above it.
    private string Scripted()
    {
        var start = at;
        var atom = Atom(out var limits);
        string? below = null, above = null;
        var primes = 0;
        while (true)
        {
            SkipSpace();
            if (at < latex.Length && latex[at] == '\'') { primes++; at++; }
            else if (at < latex.Length && latex[at] == '_' && below is null) { at++; below = Argument(); }
            else if (at < latex.Length && latex[at] == '^' && above is null) { at++; above = Argument(); }
            else if (Looking(@"\limits")) { at += 7; limits = true; }
            else break;
        }
        if (primes > 0) above = $"<mrow><mo>{new string('′', primes)}</mo>{above}</mrow>";
        if (at == start) throw new FormatException("nothing read");
        var (sub, sup, both) = limits ? ("munder", "mover", "munderover") : ("msub", "msup", "msubsup");
        return (below, above) switch
        {
            (null, null) => atom,
            (not null, null) => $"<{sub}>{atom}{below}</{sub}>",
            (null, not null) => $"<{sup}>{atom}{above}</{sup}>",
            _ => $"<{both}>{atom}{below}{above}</{both}>",
        };
    }

    private string Atom(out bool limits)
    {
        limits = false;
        if (at >= latex.Length) throw new FormatException("something is missing at the end");
        var c = latex[at];
        if (c == '\\') return Command(out limits);
        at++;
        if (c == '{') return Row("}");
        if (char.IsAsciiDigit(c) || c == '.' && at < latex.Length && char.IsAsciiDigit(latex[at]))
        {
            var start = at - 1;
            while (
                at < latex.Length
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                           
                                                                && (
                                                                    char.IsAsciiDigit(latex[at])
                                                                        || latex[at] == '.' && at + 1 < latex.Length
                                                                            && char.IsAsciiDigit(latex[at + 1])))
                at++;
            return $"<mn>{latex[start..at]}</mn>";
        }
        if (char.IsLetter(c)) return $"<mi>{c}</mi>";
        return c switch
        {
            '_' or '^' => throw new FormatException("a script without a base"),
            '-' => Operator("−"),
            '*' => Operator("∗"),
            '|' => """<mo stretchy="false" lspace="0" rspace="0">|</mo>""",
            '(' or ')' or '[' or ']' => $"""<mo stretchy="false">{c}</mo>""",
            '/' => "<mo lspace=\"0\" rspace=\"0\">/</mo>",
            ',' or ';' => $"<mo separator=\"true\">{c}</mo>",
            '~' => Space("0.3333"),
            _ => Operator(c.ToString()),
        };
    }

    // One thing: a group in braces, a command, or a single character (`x^23` raises to 2).
    private string Argument()
    {
        SkipSpace();
        if (at < latex.Length && char.IsAsciiDigit(latex[at])) return $"<mn>{latex[at++]}</mn>";
        return Atom(out _);
    }

    private string RawArgument()
    {
        SkipSpace();
        if (!Looking("{"))
            return at < latex.Length
                ? latex[at++].ToString()
                : throw new FormatException("something is missing at the end");
        var (start, depth) = (at + 1, 0);
        for (; at < latex.Length; at++)
        {
            if (latex[at] == '{') depth++;
            else if (latex[at] == '}' && --depth == 0) return latex[start..at++];
        }
        throw new FormatException("'}' is missing");
    }

    private string Name()
    {
        var start = ++at;
        while (at < latex.Length && char.IsAsciiLetter(latex[at])) at++;
        if (at == start && at < latex.Length) at++;
        return latex[start..at];
    }

    private bool NextOpens()
    {
        SkipSpace();
        return at < latex.Length && (latex[at] is '(' or '[' or '_' or '^' || Looking(@"\left") || Looking(@"\big"));
    }

    private bool Looking(string text) => string.CompareOrdinal(latex, at, text, 0, text.Length) == 0;

    private void SkipSpace()
    {
        while (at < latex.Length && char.IsWhiteSpace(latex[at])) at++;
    }

    private static string Operator(string symbol) => $"<mo>{WebUtility.HtmlEncode(symbol)}</mo>";

    private static string Space(string width) => $"""<mspace width="{width}em"/>""";
}

using System.Net;
using System.Text;

namespace ImageGen.Kernel.Pages;

/// <summary>
/// Turns the LaTeX of a course (fractions, sums, Greek, accents, matrices, cases) into MathML, which browsers draw
/// without any script. A formula with a command that is not known here is left to be shown as it is written.
/// </summary>
internal sealed class MathMl
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

    // Everything up to `stop` (or the end), which is consumed: "}", "]", @"\right", @"\end", or a column's or row's end.
    private string Row(string? stop)
    {
        var items = new List<string>();
        while (true)
        {
            SkipSpace();
            if (at >= latex.Length) return stop is null ? Group(items) : throw new FormatException($"'{stop}' is missing");
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

    private static string Group(List<string> items) => items is [var only] ? only : $"<mrow>{string.Concat(items)}</mrow>";

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
            while (at < latex.Length && (char.IsAsciiDigit(latex[at]) || latex[at] == '.' && at + 1 < latex.Length && char.IsAsciiDigit(latex[at + 1]))) at++;
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

    private string Command(out bool limits)
    {
        limits = false;
        var name = Name();
        if (MathSymbols.Letters.TryGetValue(name, out var letter))
            return char.IsUpper(letter[0]) || letter is "∞" or "∂" or "∇" or "∅" ? $"""<mi mathvariant="normal">{letter}</mi>""" : $"<mi>{letter}</mi>";
        if (MathSymbols.Operators.TryGetValue(name, out var symbol))
            return symbol is "|" or "‖" or "⟨" or "⟩" or "{" or "}" ? $"""<mo stretchy="false" lspace="0" rspace="0">{symbol}</mo>""" : Operator(symbol);
        if (MathSymbols.Large.TryGetValue(name, out var large))
        {
            limits = display;
            return char.IsLetter(large[0]) ? $"""<mo movablelimits="false" lspace="0.1667em" rspace="0.1667em">{large}</mo>""" : $"""<mo movablelimits="false" largeop="false"{(display ? " class=\"large\"" : "")}>{large}</mo>""";
        }
        if (MathSymbols.Integrals.TryGetValue(name, out var integral)) return $"<mo>{integral}</mo>";
        if (MathSymbols.Functions.Contains(name)) return $"""<mi>{name}</mi>{(NextOpens() ? "" : Space("0.1667"))}""";
        if (MathSymbols.Accents.TryGetValue(name, out var accent))
        {
            var stretches = name is "overline" or "widehat" or "widetilde" ? "true" : "false";
            return $"""<mover accent="true">{Argument()}<mo stretchy="{stretches}">{accent}</mo></mover>""";
        }
        if (MathSymbols.Spaces.TryGetValue(name, out var width)) return Space(width);
        if (MathAlphabets.Of(name) is { } alphabet) return MathAlphabets.Write(alphabet, RawArgument());
        switch (name)
        {
            case "frac" or "dfrac" or "tfrac":
                return $"<mfrac>{Argument()}{Argument()}</mfrac>";
            case "binom":
                return $"""<mrow><mo>(</mo><mfrac linethickness="0">{Argument()}{Argument()}</mfrac><mo>)</mo></mrow>""";
            case "sqrt":
                SkipSpace();
                if (!Looking("[")) return $"<msqrt>{Argument()}</msqrt>";
                at++;
                var degree = Row("]");
                return $"<mroot>{Argument()}{degree}</mroot>";
            case "text" or "textrm" or "mbox" or "textit" or "textbf" or "texttt":
                return $"<mtext>{WebUtility.HtmlEncode(RawArgument()).Replace(' ', '\u00a0')}</mtext>";
            case "mathrm" or "operatorname" or "mathop":
                if (Looking("*")) { at++; limits = display; }
                return $"""<mi mathvariant="normal">{WebUtility.HtmlEncode(RawArgument().Replace(@"\,", " "))}</mi>""";
            case "left":
                return Fenced();
            case "big" or "Big" or "bigg" or "Bigg" or "bigl" or "bigr" or "Bigl" or "Bigr" or "biggl" or "biggr" or "Biggl" or "Biggr":
                var size = name[0] == 'B' ? name.Contains("gg") ? "2.9" : "1.8" : name.Contains("gg") ? "2.4" : "1.2";
                return $"""<mo stretchy="true" symmetric="true" minsize="{size}em" maxsize="{size}em">{Delimiter()}</mo>""";
            case "underbrace" or "overbrace":
                limits = true;
                var brace = name == "underbrace" ? ("munder", "⏟") : ("mover", "⏞");
                return $"<{brace.Item1}>{Argument()}<mo>{brace.Item2}</mo></{brace.Item1}>";
            case "underset":
                var under = Argument();
                return $"<munder>{Argument()}{under}</munder>";
            case "overset" or "stackrel":
                var over = Argument();
                return $"<mover>{Argument()}{over}</mover>";
            case "begin":
                return Environment_();
            case " ":
                return Space("0.25");
            case "displaystyle" or "textstyle" or "limits" or "nolimits":
                return "";
            default:
                throw new FormatException($"\\{name} is not known");
        }
    }

    private string Fenced()
    {
        var (open, start) = (Delimiter(), at);
        var content = RowUntilRight();
        var close = Delimiter();
        return $"<mrow>{Fence(open, "prefix")}{content}{Fence(close, "postfix")}</mrow>";

        static string Fence(string delimiter, string form) =>
            delimiter == "." ? "" : $"""<mo fence="true" stretchy="true" form="{form}">{delimiter}</mo>""";
    }

    private string RowUntilRight()
    {
        var items = new List<string>();
        for (SkipSpace(); !(Looking(@"\right") && !Looking(@"\rightarrow")); SkipSpace())
        {
            if (at >= latex.Length) throw new FormatException(@"\right is missing");
            items.Add(Scripted());
        }
        at += @"\right".Length;
        return Group(items);
    }

    private string Delimiter()
    {
        SkipSpace();
        if (at >= latex.Length) throw new FormatException("a delimiter is missing");
        if (latex[at] != '\\') return WebUtility.HtmlEncode(latex[at++].ToString());
        var name = Name();
        return MathSymbols.Operators.TryGetValue(name, out var symbol) ? WebUtility.HtmlEncode(symbol) : throw new FormatException($"\\{name} is no delimiter");
    }

    private string Environment_()
    {
        var name = RawArgument();
        if (name == "array") RawArgument();
        var (open, close) = name switch
        {
            "pmatrix" => ("(", ")"),
            "bmatrix" => ("[", "]"),
            "vmatrix" => ("|", "|"),
            "cases" => ("{", ""),
            "matrix" or "array" or "aligned" or "align" or "align*" or "split" or "gathered" => ("", ""),
            _ => throw new FormatException($"the environment {name} is not known"),
        };
        var rows = new StringBuilder();
        while (!Looking(@"\end{"))
        {
            rows.Append("<mtr>");
            while (true)
            {
                rows.Append($"<mtd>{Row(stop: null)}</mtd>");
                if (!Looking("&")) break;
                at++;
            }
            rows.Append("</mtr>");
            if (Looking(@"\\")) { at += 2; SkipSpace(); }
            else if (!Looking(@"\end{")) throw new FormatException(@"\end is missing");
        }
        at += @"\end".Length;
        if (RawArgument() != name) throw new FormatException(@"\end does not fit its \begin");
        var kind = name.StartsWith("align") || name == "split" ? " class=\"aligned\" displaystyle=\"true\"" : name == "cases" ? " class=\"cases\"" : "";
        return $"""<mrow>{(open.Length > 0 ? $"<mo fence=\"true\">{open}</mo>" : "")}<mtable{kind}>{rows}</mtable>{(close.Length > 0 ? $"<mo fence=\"true\">{close}</mo>" : "")}</mrow>""";
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
        if (!Looking("{")) return at < latex.Length ? latex[at++].ToString() : throw new FormatException("something is missing at the end");
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

/// <summary>LaTeX's alphabets (blackboard, calligraphic, bold) as the Unicode letters that MathML uses for them.</summary>
internal static class MathAlphabets
{
    /// <summary>The first capital, first small letter and first digit of an alphabet; 0 where it has none.</summary>
    public sealed record Alphabet(int Capital, int Small, int Digit, string Exceptions = "");

    private static readonly Alphabet Blackboard = new(0x1D538, 0x1D552, 0x1D7D8, "CℂHℍNℕPℙQℚRℝZℤ");
    private static readonly Alphabet Calligraphic = new(0x1D49C, 0, 0, "BℬEℰFℱHℋIℐLℒMℳRℛ");
    private static readonly Alphabet Bold = new(0x1D400, 0x1D41A, 0x1D7CE);
    private static readonly Alphabet SansSerif = new(0x1D5A0, 0x1D5BA, 0x1D7E2);
    private static readonly Alphabet Monospace = new(0x1D670, 0x1D68A, 0x1D7F6);

    /// <summary>The alphabet of a command; null when it is none.</summary>
    public static Alphabet? Of(string command) => command switch
    {
        "mathbb" or "Bbb" => Blackboard,
        "mathcal" or "mathscr" or "cal" => Calligraphic,
        "mathbf" or "boldsymbol" or "bm" or "bf" => Bold,
        "mathsf" => SansSerif,
        "mathtt" => Monospace,
        _ => null,
    };

    /// <summary>Letters in an alphabet.</summary>
    public static string Write(Alphabet alphabet, string letters)
    {
        if (letters.StartsWith('\\') && MathSymbols.Letters.TryGetValue(letters[1..].Trim(), out var greek)) return $"<mi>{BoldGreek(greek)}</mi>";
        var written = new StringBuilder();
        foreach (var c in letters.Where(c => !char.IsWhiteSpace(c)))
        {
            if (!char.IsAsciiLetterOrDigit(c)) throw new FormatException($"'{c}' has no such letter");
            var (start, first) = char.IsAsciiLetterUpper(c) ? (alphabet.Capital, 'A') : char.IsAsciiLetterLower(c) ? (alphabet.Small, 'a') : (alphabet.Digit, '0');
            if (alphabet.Exceptions.IndexOf(c) is >= 0 and var i && i % 2 == 0) written.Append(alphabet.Exceptions[i + 1]);
            else written.Append(start == 0 ? c.ToString() : char.ConvertFromUtf32(start + c - first));
        }
        return $"<mi>{written}</mi>";
    }

    private static string BoldGreek(string letter) => letter[0] switch
    {
        >= 'α' and <= 'ω' => char.ConvertFromUtf32(0x1D6C2 + letter[0] - 'α'),
        >= 'Α' and <= 'Ω' => char.ConvertFromUtf32(0x1D6A8 + letter[0] - 'Α'),
        'ϕ' => char.ConvertFromUtf32(0x1D6DF),
        'ϵ' => char.ConvertFromUtf32(0x1D6DC),
        _ => letter,
    };
}

using System.Net;
using System.Text;

namespace ImageGen.Course.Pages;

/// <summary>The commands: what begins with a backslash.</summary>
internal sealed partial class MathMl
{
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
            case "xrightarrow" or "xleftarrow":
                // What stands on the arrow, and in brackets before it what stands below.
                SkipSpace();
                string? below = null;
                if (Looking("[")) { at++; below = Row("]"); }
                var arrow = $"<mo stretchy=\"true\">{(name == "xrightarrow" ? "→" : "←")}</mo>";
                return below is null
                    ? $"<mover>{arrow}{Argument()}</mover>"
                    : $"<munderover>{arrow}{below}{Argument()}</munderover>";
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
        return MathSymbols.Operators.TryGetValue(name, out var symbol)
            ? WebUtility.HtmlEncode(symbol)
            : throw new FormatException($"\\{name} is no delimiter");
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
        var kind = name.StartsWith("align", StringComparison.Ordinal) || name == "split" ? " class=\"aligned\" displaystyle=\"true\"" : name == "cases" ? " class=\"cases\"" : "";
        return $"""<mrow>{(open.Length > 0 ? $"<mo fence=\"true\">{open}</mo>" : "")}<mtable{kind}>{rows}</mtable>{(close.Length > 0 ? $"<mo fence=\"true\">{close}</mo>" : "")}</mrow>""";
    }
}

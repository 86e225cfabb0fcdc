using System.Globalization;
using System.Text;

namespace ImageGen.Text;

/// <summary>
/// Lower case as Python's <c>str.lower()</c> gives it, with which the published vocabularies were made. It differs from
/// <see cref="string.ToLowerInvariant"/> twice: "İ" becomes "i" with a dot above (.NET leaves it), and a sigma that
/// ends a word becomes "ς".
/// </summary>
public static class Lowercase
{
    /// <summary>The text in lower case. A lone surrogate becomes U+FFFD.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text)) return text.ToLowerInvariant();
        var runes = text.EnumerateRunes().ToArray();
        var lower = new StringBuilder(text.Length + 4);
        for (var i = 0; i < runes.Length; i++)
            lower.Append(runes[i].Value switch
            {
                'İ' => "i\u0307",
                'Σ' => EndsWord(runes, i) ? "ς" : "σ",
                _ => Rune.ToLowerInvariant(runes[i]).ToString(),
            });
        return lower.ToString();
    }

    // Unicode's condition Final_Sigma: a letter before and none after, looking past apostrophes, marks and the like.
    private static bool EndsWord(Rune[] runes, int at)
    {
        var (before, after) = (at - 1, at + 1);
        while (before >= 0 && IsIgnorable(runes[before])) before--;
        while (after < runes.Length && IsIgnorable(runes[after])) after++;
        return before >= 0 && IsCased(runes[before]) && !(after < runes.Length && IsCased(runes[after]));
    }

    private static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || rune.Value is 'ª' or 'º' or >= 0x2160 and <= 0x217F or >= 0x24B6 and <= 0x24E9; // Roman numerals, circled letters

    private static bool IsIgnorable(Rune rune) => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || rune.Value is '\'' or '.' or ':' or '·' or '\u0387' or '\u055F' or '\u05F4' or '‘' or '’' or '․' or '‧'
            or '\uFE13' or '\uFE52' or '\uFE55' or '\uFF07' or '\uFF0E' or '\uFF1A';
}

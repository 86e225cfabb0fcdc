using System.Text;

namespace ImageGen.Course.Pages;

/// <summary>
/// LaTeX's alphabets (blackboard, calligraphic, bold) as the Unicode letters that MathML uses for them.
/// </summary>
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
        if (letters.StartsWith('\\') && MathSymbols.Letters.TryGetValue(letters[1..].Trim(), out var greek))
            return $"<mi>{BoldGreek(greek)}</mi>";
        var written = new StringBuilder();
        foreach (var c in letters.Where(c => !char.IsWhiteSpace(c)))
        {
            if (!char.IsAsciiLetterOrDigit(c)) throw new FormatException($"'{c}' has no such letter");
            var (start, first) = char.IsAsciiLetterUpper(c) ? (alphabet.Capital, 'A') : char.IsAsciiLetterLower(c) ? (
                alphabet.Small, 'a') : (alphabet.Digit, '0');
            if (alphabet.Exceptions.IndexOf(c) is >= 0 and var i && i % 2 == 0)
                written.Append(alphabet.Exceptions[i + 1]);
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

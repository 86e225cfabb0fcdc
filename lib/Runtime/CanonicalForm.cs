using System.Globalization;
using System.Text;

namespace ImageGen.Runtime;

/// <summary>
/// The two canonical forms of Unicode (UAX #15): <b>NFD</b> takes "é" apart into "e" and an accent, <b>NFC</b> puts them
/// together again. Tokenizers need the one to drop accents, the other to find "é" in a vocabulary however it was typed.
/// </summary>
/// <remarks>
/// <see cref="string.Normalize()"/> leaves all but ASCII as it is when .NET runs globalization-invariant, as the course
/// does (and as many small Linux images must). So the table comes with the library: canonical-forms.txt.
/// </remarks>
public static class CanonicalForm
{
    // Korean syllables are decomposed by arithmetic (chapter 3.12 of the Unicode standard), not by the table.
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Trails = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly Lazy<Tables> Table = new(Tables.Read);

    /// <summary>NFD: every character taken apart, its marks in canonical order. A lone surrogate becomes U+FFFD.</summary>
    public static string Decompose(string text) => Ascii.IsValid(text) ? text : ToText(Decomposed(text));

    /// <summary>NFC: taken apart, then put together as far as Unicode allows. A lone surrogate becomes U+FFFD.</summary>
    public static string Compose(string text)
    {
        if (Ascii.IsValid(text)) return text;
        var codes = Decomposed(text);
        var composed = new List<int>(codes.Count);
        var starter = -1; // where in `composed` the character stands that marks may join
        var lastClass = 0;
        foreach (var code in codes)
        {
            var markClass = ClassOf(code);
            // A mark is blocked when one of its own class, or of a higher, stands between it and the starter.
            var blocked = starter < composed.Count - 1 && (lastClass == 0 || lastClass >= markClass);
            if (starter >= 0 && !blocked && Pair(composed[starter], code) is { } whole)
            {
                composed[starter] = whole;
                continue;
            }
            if (markClass == 0) starter = composed.Count;
            lastClass = markClass;
            composed.Add(code);
        }
        return ToText(composed);
    }

    private static List<int> Decomposed(string text)
    {
        var codes = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes()) TakeApart(rune.Value, codes);
        // Canonical order: marks that follow one another are sorted by class, and equals keep their order.
        for (var i = 1; i < codes.Count; i++)
        {
            var (code, markClass) = (codes[i], ClassOf(codes[i]));
            if (markClass == 0) continue;
            var at = i;
            while (at > 0 && ClassOf(codes[at - 1]) > markClass) codes[at] = codes[--at];
            codes[at] = code;
        }
        return codes;
    }

    private static void TakeApart(int code, List<int> into)
    {
        if (code < 0xC0) into.Add(code);
        else if (code - Syllables is >= 0 and < SyllableCount)
        {
            var index = code - Syllables;
            into.Add(Leads + index / (VowelCount * TrailCount));
            into.Add(Vowels + index / TrailCount % VowelCount);
            if (index % TrailCount is var trail and > 0) into.Add(Trails + trail);
        }
        else if (Table.Value.Parts.TryGetValue(code, out var parts))
        {
            TakeApart(parts.First, into);
            if (parts.Second != 0) into.Add(parts.Second); // the second part never has parts of its own
        }
        else into.Add(code);
    }

    private static int? Pair(int first, int second)
    {
        if (first - Leads is >= 0 and < LeadCount && second - Vowels is >= 0 and < VowelCount)
            return Syllables + ((first - Leads) * VowelCount + second - Vowels) * TrailCount;
        if (first - Syllables is >= 0 and < SyllableCount && (first - Syllables) % TrailCount == 0 && second - Trails is > 0 and < TrailCount)
            return first + second - Trails;
        return Table.Value.Wholes.TryGetValue((first, second), out var whole) ? whole : null;
    }

    private static int ClassOf(int code) => code < 0x300 ? 0 : Table.Value.Classes.GetValueOrDefault(code);

    private static string ToText(List<int> codes)
    {
        var text = new StringBuilder(codes.Count);
        foreach (var code in codes) text.Append(new Rune(code).ToString());
        return text.ToString();
    }

    private sealed class Tables
    {
        internal Dictionary<int, (int First, int Second)> Parts { get; } = [];

        internal Dictionary<(int First, int Second), int> Wholes { get; } = [];

        internal Dictionary<int, byte> Classes { get; } = [];

        internal static Tables Read()
        {
            var tables = new Tables();
            using var stream = typeof(CanonicalForm).Assembly.GetManifestResourceStream("canonical-forms.txt")
                ?? throw new InvalidOperationException("canonical-forms.txt is not in the library: the build left it out.");
            using var lines = new StreamReader(stream);
            while (lines.ReadLine() is { } line)
            {
                var fields = line.Split(' ');
                if (fields[0] is "D" or "X") tables.Add(fields);
                else if (fields[0] is "C")
                    for (var code = Hex(fields[2]); code <= Hex(fields[3]); code++)
                        tables.Classes.Add(code, byte.Parse(fields[1], CultureInfo.InvariantCulture));
            }
            return tables;
        }

        private void Add(string[] fields)
        {
            var (whole, first, second) = (Hex(fields[1]), Hex(fields[2]), fields.Length > 3 ? Hex(fields[3]) : 0);
            Parts.Add(whole, (first, second));
            if (fields[0] is "D") Wholes.Add((first, second), whole);
        }

        private static int Hex(string field) => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}

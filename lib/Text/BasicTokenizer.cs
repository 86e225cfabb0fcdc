using System.Globalization;
using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>
/// The first half of BERT's tokenizer: text to plain words, in lower case and without accents, every punctuation mark
/// and every Chinese character a word of its own (Devlin and others, arXiv 1810.04805, in their uncased version).
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers 2.0.1 has a BertTokenizer too, but not this one: it drops symbols such as ^, $, + and emoji
/// instead of keeping them, splits at invisible characters instead of removing them, keeps "İ" as it is, and, where .NET
/// runs globalization-invariant, every accent.
/// </remarks>
public static class BasicTokenizer
{
    /// <summary>The words of a text, in order. "Café, 花!" gives <c>cafe</c> <c>,</c> <c>花</c> <c>!</c>; an empty text none.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="cased">Whether capitals and accents stay, as in the cased version: <c>Café</c>.</param>
    public static IReadOnlyList<string> Split(string text, bool cased = false)
    {
        // Lower case first, accents after: "İ" becomes an i and a dot, and the dot goes with the accents.
        var plain = cased ? Clean(text) : CanonicalForm.Decompose(Lowercase.Of(Clean(text)));
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in plain.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (!cased && category == UnicodeCategory.NonSpacingMark) continue;
            var separates = IsSpace(rune) || category is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            var stands = IsPunctuation(rune);
            if (separates || stands) Finish();
            if (stands) words.Add(rune.ToString());
            else if (!separates) word.Append(rune.ToString());
        }
        Finish();
        return words;

        void Finish()
        {
            if (word.Length > 0) words.Add(word.ToString());
            word.Clear();
        }
    }

    // Control characters go without leaving a space; every kind of space becomes one; Chinese characters get room.
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsSpace(rune)) clean.Append(' ');
            else if (rune.Value == 0xFFFD || IsControl(rune)) continue;
            else if (IsChinese(rune.Value)) clean.Append(' ').Append(rune.ToString()).Append(' ');
            else clean.Append(rune.ToString());
        }
        return clean.ToString();
    }

    private static bool IsSpace(Rune rune) =>
        rune.Value is ' ' or '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator;

    private static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    // All ASCII that is neither letter, digit nor space counts, so also ^, $, +, which Unicode calls symbols.
    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is >= 33 and <= 47 or >= 58 and <= 64 or >= 91 and <= 96 or >= 123 and <= 126
        : Rune.IsPunctuation(rune);

    // Ideographs only: Japanese kana and Korean are written with words and stay together.
    private static bool IsChinese(int code) => code
        is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B820 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Text;

namespace ImageGen.Tests;

public sealed class CanonicalFormTests
{
    private static readonly JsonElement Python = TextFixtures.Json("canonical-forms.json");

    [Fact]
    public void Decomposition_equals_Pythons_for_every_assigned_character() => CompareAll("nfd", CanonicalForm.Decompose);

    [Fact]
    public void Composition_equals_Pythons_for_every_assigned_character() => CompareAll("nfc", CanonicalForm.Compose);

    [Fact]
    public void Decomposition_among_marks_equals_Pythons() =>
        CompareAll("nfd_marks", text => CanonicalForm.Decompose("e" + text + "\u0301\u0323"));

    [Fact]
    public void Composition_among_marks_equals_Pythons() =>
        CompareAll("nfc_marks", text => CanonicalForm.Compose("e" + text + "\u0301\u0323"));

    [Fact]
    public void Lower_case_equals_Pythons_for_every_assigned_character() => CompareAll("lower", Lowercase.Of);

    [Fact]
    public void Whole_texts_equal_Pythons()
    {
        foreach (var item in Python.GetProperty("texts").EnumerateArray())
        {
            var text = item.Text("text");
            Assert.Equal(item.Text("lower"), Lowercase.Of(text));
            Assert.Equal(item.Text("nfd"), CanonicalForm.Decompose(text));
            Assert.Equal(item.Text("nfc"), CanonicalForm.Compose(text));
        }
    }

    [Fact]
    public void A_lone_surrogate_becomes_the_replacement_character()
    {
        Assert.Equal("a\uFFFDb", CanonicalForm.Compose("a\uD800b"));
        Assert.Equal("a\uFFFDb", Lowercase.Of("A\uDC00B"));
    }

    // The fixture keeps a digest of every 4,096 code points: a difference names its block.
    private static void CompareAll(string name, Func<string, string> function)
    {
        var assigned = Python.GetProperty("assigned").EnumerateArray().Select(range => (First: range[0].GetInt32(), Last: range[1].GetInt32())).ToList();
        var wrong = new List<string>();
        foreach (var block in Python.GetProperty("blocks").EnumerateArray())
        {
            var start = block.GetProperty("block").GetInt32() * 4096;
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var (first, last) in assigned)
                for (var code = Math.Max(first, start); code <= Math.Min(last, start + 4095); code++)
                    sha.AppendData(Encoding.UTF8.GetBytes(function(char.ConvertFromUtf32(code)) + "\n"));
            if (Convert.ToHexStringLower(sha.GetHashAndReset())[..16] != block.Text(name)) wrong.Add($"U+{start:X4}");
        }
        Assert.Empty(wrong);
    }
}

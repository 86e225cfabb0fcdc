namespace ImageGen.Text;

/// <summary>How published files name BERT's parameters.</summary>
internal static class BertNames
{
    internal const string Prefix = "bert.";

    /// <summary>The name in today's spelling; null for the table of positions 0, 1, 2, … that some files carry.</summary>
    internal static string? Modern(string name) => name.EndsWith("embeddings.position_ids", StringComparison.Ordinal)
        ? null
        : Replace(Replace(name, ".gamma", ".weight"), ".beta", ".bias");

    private static string Replace(string name, string old, string modern) =>
        name.EndsWith("LayerNorm" + old, StringComparison.Ordinal) ? name[..^old.Length] + modern : name;
}

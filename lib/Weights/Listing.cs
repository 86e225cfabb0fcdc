namespace ImageGen.Weights;

/// <summary>Names in an error's one line: the first few, and how many more there are.</summary>
internal static class Listing
{
    private const int Shown = 6;

    internal static string Of(IReadOnlyCollection<string> names) => (names.Count switch
    {
        0 => "none",
        <= Shown => string.Join(", ", names),
        _ => $"{string.Join(", ", names.Take(Shown))} and {names.Count - Shown} more",
    }).ReplaceLineEndings(" ");
}

namespace ImageGen.Weights;

/// <summary>What a weights file says of itself before any number of it is read.</summary>
/// <param name="Entries">Its tensors.</param>
/// <param name="Metadata">Its notes.</param>
/// <param name="Skipped">Tensors of kinds that the course does not read, each with its kind: sparse, quantized.</param>
internal sealed record WeightHeader(
    IReadOnlyList<WeightEntry> Entries, IReadOnlyDictionary<string, string> Metadata, IReadOnlyDictionary<string,
        string> Skipped)
{
    internal static IReadOnlyDictionary<string, string> Nothing { get; } = new Dictionary<string, string>();
}

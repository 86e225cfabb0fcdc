using ImageGen.Data;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// What the judge and MiniCLIP learn from: Petals of every combination of color and shape, a fifth of them combinations
/// that generators never see, and none of them a flower that anything is measured by.
/// </summary>
/// <param name="batchSize">Pictures in a batch.</param>
/// <param name="flowers">The seed of the flowers: another than the default, or training would see what it is tried on.</param>
/// <param name="order">The seed of their order.</param>
internal sealed class FlowerBatches(int batchSize, int flowers, int order) : IDisposable
{
    private readonly Petals seen = new(Split.Train, Scales.Pick(512, 16384, 65536), seed: flowers);
    private readonly Petals heldOut = new(Split.HeldOut, Scales.Pick(128, 4096, 16384), seed: flowers);
    private IEnumerator<PictureBatch>? usual, rare;

    /// <summary>The batch of a step: pictures <c>[B, 3, 64, 64]</c> in [−1, 1], and where each comes from. Steps follow one another.</summary>
    /// <param name="step">From 1; a training that is resumed begins with a later one.</param>
    internal (Tensor Pictures, (Petals Set, int Index)[] Flowers) Next(int step)
    {
        usual ??= From(seen, batchSize - batchSize / 5, step);
        rare ??= From(heldOut, batchSize / 5, step);
        usual.MoveNext();
        rare.MoveNext();
        return (cat([usual.Current.Pictures, rare.Current.Pictures]),
            [.. usual.Current.Indices.Select(i => (seen, i)), .. rare.Current.Indices.Select(i => (heldOut, i))]);
    }

    private IEnumerator<PictureBatch> From(Petals petals, int size, int step) =>
        new Batches(petals, new() { BatchSize = size, Seed = order, Workers = 1 }).From(step - 1).GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        usual?.Dispose();
        rare?.Dispose();
    }
}

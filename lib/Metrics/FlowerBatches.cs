using ImageGen.Data;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// What the judge and MiniCLIP learn from: Petals of every combination of color and shape, a fifth of them combinations
/// that generators never see, and none of them a flower that anything is measured by.
/// </summary>
internal sealed class FlowerBatches : IDisposable
{
    private readonly Petals seen, heldOut;
    private readonly IEnumerator<PictureBatch> seenBatches, heldOutBatches;

    /// <param name="batchSize">Pictures in a batch.</param>
    /// <param name="seed">Of the flowers: another than the default, or training would see what it is tried on.</param>
    /// <param name="firstStep">The step to begin with, from 1.</param>
    internal FlowerBatches(int batchSize, int seed, int firstStep)
    {
        var rare = batchSize / 5;
        var count = Scales.Pick(512, 16384, 65536);
        (seen, heldOut) = (new(Split.Train, count, seed: seed), new(Split.HeldOut, count / 4, seed: seed));
        (seenBatches, heldOutBatches) = (From(seen, batchSize - rare), From(heldOut, rare));

        IEnumerator<PictureBatch> From(Petals petals, int size) =>
            new Batches(petals, new() { BatchSize = size, Seed = seed, Workers = 1 }).From(firstStep - 1).GetEnumerator();
    }

    /// <summary>The next batch: pictures <c>[B, 3, 64, 64]</c> in [−1, 1], and where each comes from.</summary>
    internal (Tensor Pictures, (Petals Set, int Index)[] Flowers) Next()
    {
        seenBatches.MoveNext();
        heldOutBatches.MoveNext();
        var (usual, rare) = (seenBatches.Current, heldOutBatches.Current);
        return (cat([usual.Pictures, rare.Pictures]), [.. usual.Indices.Select(i => (seen, i)), .. rare.Indices.Select(i => (heldOut, i))]);
    }

    /// <summary>A learning rate that rises over the first twentieth of the steps and falls to nothing along half a cosine.</summary>
    internal static double RateAt(int step, int steps, double largest)
    {
        var warm = Math.Max(1, steps / 20);
        return step < warm ? largest * step / warm : largest * 0.5 * (1 + Math.Cos(Math.PI * (step - warm) / Math.Max(1, steps - warm)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        seenBatches.Dispose();
        heldOutBatches.Dispose();
    }
}

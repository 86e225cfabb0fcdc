using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>How many queries attend at once, by the memory there is.</summary>
public static class AttentionSlices
{
    // A map smaller than this is not worth a look at the free memory.
    private const long Small = 256L << 20;

    // What is taken for free where nobody tells.
    private const long Unknown = 4L << 30;

    /// <summary>
    /// Queries in a slice, so that their map of scores takes at most a quarter of the free memory: all of them where it
    /// does.
    /// </summary>
    /// <param name="queries">Shape of the queries, <c>[B, heads, T, d]</c>.</param>
    /// <param name="keys">How many keys there are.</param>
    /// <param name="bytes">Bytes of a number.</param>
    /// <param name="device">Where they lie.</param>
    public static long Rows(long[] queries, long keys, long bytes, Device device)
    {
        var row = queries[0] * queries[1] * keys * bytes;
        return row * queries[2] <= Small ? queries[2] : Rows(row, queries[2], FreeMemory.On(device) ?? Unknown);
    }

    internal static long Rows(long rowBytes, long rows, long freeBytes) =>
        Math.Clamp(freeBytes / 4 / rowBytes, 1, rows);
}

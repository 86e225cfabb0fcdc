namespace ImageGen.Weights;

/// <summary>Sizes read from a file, which may be anything: no sum or product of them may overflow unseen.</summary>
internal static class TensorShape
{
    /// <summary>Elements of a shape; null when a size is negative or the product passes 2^62.</summary>
    internal static long? Count(ReadOnlySpan<long> shape)
    {
        UInt128 count = 1;
        var empty = false;
        foreach (var size in shape)
        {
            if (size < 0) return null;
            if (size == 0) { empty = true; continue; }
            count *= (ulong)size;
            if (count > 1UL << 62) return null; // also for an empty tensor: libtorch multiplies its sizes, too
        }
        return empty ? 0 : (long)count;
    }

    /// <summary>The farthest element from the first, in elements; null when a stride is negative or the sum passes 2^62.</summary>
    internal static long? Reach(ReadOnlySpan<long> shape, ReadOnlySpan<long> strides)
    {
        UInt128 reach = 0;
        for (var i = 0; i < shape.Length; i++)
        {
            if (strides[i] < 0 || shape[i] < 1) return null;
            reach += (UInt128)(ulong)(shape[i] - 1) * (ulong)strides[i];
            if (reach > 1UL << 62) return null;
        }
        return (long)reach;
    }

    /// <summary>Whether the strides are those of elements in order without gaps; dimensions of size 1 do not matter.</summary>
    internal static bool IsContiguous(ReadOnlySpan<long> shape, ReadOnlySpan<long> strides)
    {
        long expected = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected) return false;
            expected *= shape[i];
        }
        return true;
    }
}

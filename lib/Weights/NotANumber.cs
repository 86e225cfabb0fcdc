using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>Finds the tensors of a file that hold NaN: a network with one such number answers with nothing
/// else.</summary>
internal static class NotANumber
{
    /// <summary>Looks before any is copied, so that a model which has numbers keeps them.</summary>
    /// <exception cref="CourseException">Some hold NaN: the line names them.</exception>
    internal static void Refuse(string path, IEnumerable<WeightEntry> entries) =>
        RefuseFound(path, [.. entries.Where(Has).Select(entry => entry.Name)]);

    /// <summary>Refuses a file in which some were found.</summary>
    internal static void RefuseFound(string path, IReadOnlyList<string> found)
    {
        if (found.Count > 0)
            throw new CourseException($"The weights file {path} holds numbers that are none (NaN) in {found.Count} " +
                $"of its tensors: {Listing.Of(found)}. It was saved after a training had failed, or is damaged: use " +
                    $"an earlier checkpoint.");
    }

    /// <summary>Whether numbers of this type can be none.</summary>
    internal static bool Can(ElementType type) =>
        type is ElementType.F64 or ElementType.F32 or ElementType.F16 or ElementType.BF16;

    private static bool Has(WeightEntry entry)
    {
        if (entry.Count == 0 || !Can(entry.Type)) return false;
        if (entry.Where.Strides is not null) return HasStrided(entry);
        var size = entry.Type.Size();
        const int bytes = RawFile.WindowBytes;
        var found = false;
        try
        {
            Parallel.For(0, (entry.Count * size + bytes - 1) / bytes, (index, state) =>
            {
                using var window = entry.Where.File
                    .Window(entry.Where.Offset + index * bytes,
                    (int)Math.Min(bytes, entry.Count * size - index * bytes));
                if (!In(window.Bytes, entry.Type)) return;
                found = true;
                state.Stop();
            });
        }
        catch (AggregateException several)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
        return found;
    }

    // The bits of a NaN are larger than those of infinity, the sign left out.
    internal static bool In(ReadOnlySpan<byte> bytes, ElementType type) => type switch
    {
        ElementType.F64 => Above(MemoryMarshal.Cast<byte, long>(bytes), long.MaxValue, 0x7FF0_0000_0000_0000),
        ElementType.F32 => Above(MemoryMarshal.Cast<byte, int>(bytes), int.MaxValue, 0x7F80_0000),
        ElementType.F16 => Above<short>(MemoryMarshal.Cast<byte, short>(bytes), short.MaxValue, 0x7C00),
        _ => Above<short>(MemoryMarshal.Cast<byte, short>(bytes), short.MaxValue, 0x7F80),
    };

    private static bool Above<T>(ReadOnlySpan<T> bits, T mask, T most) where T : struct, IBinaryInteger<T>
    {
        var (masks, limits) = (Vector512.Create(mask), Vector512.Create(most));
        var at = 0;
        for (; at <= bits.Length - Vector512<T>.Count; at += Vector512<T>.Count)
            if (Vector512.GreaterThanAny(Vector512.Create(bits[at..]) & masks, limits)) return true;
        for (; at < bits.Length; at++)
            if ((bits[at] & mask) > most) return true;
        return false;
    }

    private static bool HasStrided(WeightEntry entry)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = empty([.. entry.Shape], TensorCopy.TypeOf(entry));
        TensorCopy.Copy(entry, values);
        return values.isnan().any().item<bool>();
    }
}

using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>Copies a tensor from a file into one that exists, on whatever device and in whatever type that one is.</summary>
internal static class TensorCopy
{
    // Where a conversion is needed, this many elements at a time pass through a tensor in between. It stays in the processor's
    // cache, and libtorch copies so few in the calling thread: waiting for others would cost more on a busy machine.
    private const int BlockElements = 1 << 15;

    // Spans end at 2^31 bytes.
    private const long SpanBytes = 1L << 30;

    /// <exception cref="CourseException">TorchSharp has no such element type.</exception>
    internal static ScalarType TypeOf(WeightEntry entry) => entry.Type.Scalar() ?? throw new CourseException(
        $"The tensor '{entry.Name}' of {entry.Where.File.Path} has the element type {entry.TypeName}, which TorchSharp cannot hold: use a file in F32, F16 or BF16.");

    /// <param name="entry">What to read.</param>
    /// <param name="target">A tensor of the same shape; its values are replaced. Gradients must be off.</param>
    /// <param name="check">Whether to look for NaN on the way: a second way through gigabytes costs as much.</param>
    /// <returns>Whether there was one.</returns>
    internal static bool Copy(WeightEntry entry, Tensor target, bool check = false)
    {
        var type = TypeOf(entry);
        if (entry.Count == 0) return false;
        check &= NotANumber.Can(entry.Type);
        using var scope = NewDisposeScope();
        target = target.detach();
        if (entry.Where.Strides is { } strides)
        {
            CopyStrided(entry, type, strides, target);
            return check && target.isnan().any().item<bool>();
        }
        if (!target.is_contiguous())
        {
            var inOrder = empty(target.shape, type);
            var found = Copy(entry, inOrder, check);
            target.copy_(inOrder);
            return found;
        }
        // A truth value must be 0 or 1 in memory, and a file may say otherwise: it is read as bytes and compared.
        if (type == target.dtype && target.device_type == DeviceType.CPU && type != ScalarType.Bool)
            return Fill(entry, entry.Where.Offset, target.view(-1), check);
        return type is ScalarType.Float16 or ScalarType.BFloat16 && target.dtype == ScalarType.Float32 && target.device_type == DeviceType.CPU
            ? CopyWidening(entry, target.view(-1), check) : CopyConverting(entry, type, target.view(-1), check);
    }

    // How most published weights are stored and wanted. Every processor takes stretches of the file and widens them from the map.
    private static bool CopyWidening(WeightEntry entry, Tensor target, bool check)
    {
        var found = false;
        const long stretch = RawFile.WindowBytes / sizeof(ushort);
        var (file, first, brain) = (entry.Where.File, entry.Where.Offset, entry.Type == ElementType.BF16);
        try
        {
            Parallel.For(0, (entry.Count + stretch - 1) / stretch, Widen);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
        return found;

        void Widen(long index)
        {
            var start = index * stretch;
            using var part = target.narrow(0, start, Math.Min(stretch, entry.Count - start));
            var into = MemoryMarshal.Cast<byte, float>(part.bytes);
            using var window = file.Window(first + start * sizeof(ushort), into.Length * sizeof(ushort));
            var numbers = MemoryMarshal.Cast<byte, ushort>(window.Bytes);
            // As many at a time as stay in the processor's cache between the two.
            for (var at = 0; at < numbers.Length; at += BlockElements)
            {
                var block = numbers.Slice(at, Math.Min(BlockElements, numbers.Length - at));
                if (check && NotANumber.In(MemoryMarshal.AsBytes(block), entry.Type)) found = true;
                Widening.ToSingle(block, into[at..], brain);
            }
        }
    }

    private static bool CopyConverting(WeightEntry entry, ScalarType type, Tensor target, bool check)
    {
        var (size, found) = (entry.Type.Size(), false);
        var most = BlockElementsFor(target);
        var block = empty([Math.Min(most, entry.Count)], type == ScalarType.Bool ? ScalarType.Byte : type);
        for (long at = 0; at < entry.Count; at += most)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(most, entry.Count - at);
            var part = block.narrow(0, 0, count);
            found |= Fill(entry, entry.Where.Offset + at * size, part, check);
            target.narrow(0, at, count).copy_(type == ScalarType.Bool ? part.ne(0) : part);
        }
        return found;
    }

    // A copy to another device costs a call each time, whatever it holds.
    private static long BlockElementsFor(Tensor target) => target.device_type == DeviceType.CPU ? BlockElements : 64 * BlockElements;

    // A view that torch.save kept as one: the stretch that it reaches over is read, and the view made again.
    private static void CopyStrided(WeightEntry entry, ScalarType type, long[] strides, Tensor target)
    {
        long[] shape = [.. entry.Shape];
        var reach = TensorShape.Reach(shape, strides)!.Value;
        var stretch = empty([reach + 1], type == ScalarType.Bool ? ScalarType.Byte : type);
        Fill(entry, entry.Where.Offset, stretch, check: false);
        var view = stretch.as_strided(shape, strides);
        target.copy_(type == ScalarType.Bool ? view.ne(0) : view);
    }

    /// <summary>Fills a contiguous CPU tensor of one dimension with the file's bytes.</summary>
    private static bool Fill(WeightEntry entry, long offset, Tensor target, bool check)
    {
        var (size, found) = (entry.Type.Size(), false);
        var most = SpanBytes / size;
        for (long at = 0; at < target.NumberOfElements; at += most)
        {
            using var part = target.narrow(0, at, Math.Min(most, target.NumberOfElements - at));
            entry.Where.File.Read(offset + at * size, part.bytes, check ? Look : null);
        }
        return found;

        void Look(ReadOnlySpan<byte> bytes) => found = found || NotANumber.In(bytes, entry.Type);
    }
}

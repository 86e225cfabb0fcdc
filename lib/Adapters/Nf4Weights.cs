using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// A matrix in 4 bits a number: blocks of 64 numbers, each a code of <see cref="Nf4.Code"/> times the block's scale, its
/// largest absolute value. The scales themselves are kept in 8 bits ("double quantization"), less their mean, in blocks of 256.
/// </summary>
public sealed class Nf4Weights : IDisposable
{
    internal Nf4Weights(long[] shape, ScalarType type, Tensor packed, Tensor scales, Tensor? nestedScales, float offset)
    {
        (Shape, Type, Packed, Scales, NestedScales, Offset) = (shape, type, packed, scales, nestedScales, offset);
        foreach (var part in Parts) part.DetachFromDisposeScope();
    }

    /// <summary>The matrix's shape.</summary>
    public long[] Shape { get; }

    /// <summary>The type it had, and has again when dequantized.</summary>
    public ScalarType Type { get; }

    /// <summary>Two codes a byte, <c>[n/2, 1]</c> uint8: the first of two in the high four bits.</summary>
    public Tensor Packed { get; }

    /// <summary>A scale for each block: codes of <see cref="Nf4.DynamicMap"/>, uint8; or float32 without double quantization.</summary>
    public Tensor Scales { get; }

    /// <summary>A scale for each 256 scales, float32; null without double quantization.</summary>
    public Tensor? NestedScales { get; }

    /// <summary>The scales' mean, which was taken off them; 0 without double quantization.</summary>
    public float Offset { get; }

    /// <summary>Bytes of all that must be kept for it; the two tables, which all matrices share, left out.</summary>
    public long Bytes => Parts.Sum(part => part.numel() * part.ElementSize) + (NestedScales is null ? 0 : sizeof(float));

    private IEnumerable<Tensor> Parts => NestedScales is null ? [Packed, Scales] : [Packed, Scales, NestedScales];

    /// <summary>Rounds a matrix to 4 bits.</summary>
    /// <param name="weights">Any shape, floating point; read row by row.</param>
    /// <param name="doubleQuantization">Whether the blocks' scales are rounded, too: 4.13 bits a number in place of 4.5.</param>
    /// <exception cref="CourseException">A number is infinite or none.</exception>
    public static Nf4Weights Of(Tensor weights, bool doubleQuantization = true)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var flat = weights.detach().to(ScalarType.Float32).flatten();
        if (flat.numel() == 0 || !flat.isfinite().all().item<bool>()) throw new CourseException("The weights cannot be rounded to 4 bits: they are empty, or some are infinite or not numbers.");
        var (codes, scales) = Rounded(flat, Nf4.BlockSize, Nf4.Code);
        var pairs = Filled(codes, 2, fill: 7).view(-1, 2).to(ScalarType.Byte); // 7 is zero
        var packed = (pairs[.., 0..1] * 16).bitwise_or(pairs[.., 1..2]);
        if (!doubleQuantization) return new(weights.shape, weights.dtype, packed, scales, null, 0);
        var offset = scales.mean();
        var (scaleCodes, nested) = Rounded(scales - offset, Nf4.NestedBlockSize, Nf4.DynamicMap);
        return new(weights.shape, weights.dtype, packed, scaleCodes.to(ScalarType.Byte), nested, offset.item<float>());
    }

    /// <summary>The matrix again, as near as 4 bits come: in its shape and type.</summary>
    public Tensor Dequantize()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = Shape.Aggregate(1L, (product, side) => product * side);
        var pairs = Pairs(Packed.device).index_select(0, Packed.flatten().to(ScalarType.Int32)); // [n/2, 2]
        var values = Filled(pairs.flatten(), Nf4.BlockSize).view(-1, Nf4.BlockSize) * BlockScales().unsqueeze(1);
        return values.flatten()[..(int)count].reshape(Shape).to(Type).MoveToOuterDisposeScope();
    }

    /// <summary>The blocks' scales, <c>[blocks]</c> float32.</summary>
    public Tensor BlockScales()
    {
        if (NestedScales is null) return Scales.alias();
        using var scope = NewDisposeScope();
        var map = tensor(Nf4.DynamicMap.ToArray(), device: Scales.device);
        var values = Filled(map.index_select(0, Scales.to(ScalarType.Int32)), Nf4.NestedBlockSize).view(-1, Nf4.NestedBlockSize);
        return ((values * NestedScales.unsqueeze(1)).flatten()[..(int)Scales.numel()] + Offset).MoveToOuterDisposeScope();
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        foreach (var part in Parts) part.Dispose();
    }

    // Blocks over their largest absolute value, to the nearest code. A block of zeros has scale 0 and the code of 0.
    private static (Tensor Codes, Tensor Scales) Rounded(Tensor flat, int blockSize, IReadOnlyList<float> map)
    {
        using var scope = NewDisposeScope();
        var blocks = Filled(flat, blockSize).view(-1, blockSize);
        var scales = blocks.abs().amax([1]);
        var shares = (blocks * (1 / scales.clamp_min(1e-38f)).unsqueeze(1)).clamp(-1, 1);
        return (Nf4.Nearest(shares.flatten()[..(int)flat.numel()], map).MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    private static Tensor Filled(Tensor flat, int blockSize, double fill = 0)
    {
        var missing = (blockSize - flat.numel() % blockSize) % blockSize;
        return missing == 0 ? flat : nn.functional.pad(flat, [0, missing], value: fill);
    }

    // Both values of every byte, [256, 2].
    private static Tensor Pairs(Device device)
    {
        var values = new float[512];
        for (var packed = 0; packed < 256; packed++) (values[2 * packed], values[2 * packed + 1]) = (Nf4.Code[packed >> 4], Nf4.Code[packed & 15]);
        return tensor(values, [256, 2], device: device);
    }
}

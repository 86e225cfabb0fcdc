using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ImageGen.Weights;

/// <summary>Sixteen-bit floats made into 32-bit ones, exactly, thirty-two at a time.</summary>
internal static class Widening
{
    private const float Rebias = 5.192296858534828e33f; // 2¹¹²: the exponents count from 15 and from 127

    /// <summary>Widens as many values as <paramref name="from"/> has.</summary>
    /// <param name="from">The values' bits, in half precision or bfloat16.</param>
    /// <param name="to">Room for as many; not where they stand.</param>
    /// <param name="brain">Whether they are bfloat16, the upper half of a float32.</param>
    internal static unsafe void ToSingle(ReadOnlySpan<ushort> from, Span<float> to, bool brain)
    {
        fixed (float* start = to[..from.Length])
        {
            var bits = (uint*)start;
            var at = 0;
            // Past the cache where the room's address allows: what is written is more than the cache holds, and not read soon.
            var past = (nuint)bits % (nuint)Vector512<byte>.Count == 0;
            for (; at <= from.Length - Vector512<ushort>.Count; at += Vector512<ushort>.Count)
            {
                var (lower, upper) = Vector512.Widen(Vector512.Create(from[at..]));
                if (!brain) (lower, upper) = (FromHalf(lower), FromHalf(upper));
                else (lower, upper) = (lower << 16, upper << 16);
                if (past)
                {
                    lower.StoreAlignedNonTemporal(bits + at);
                    upper.StoreAlignedNonTemporal(bits + at + Vector512<uint>.Count);
                }
                else
                {
                    lower.Store(bits + at);
                    upper.Store(bits + at + Vector512<uint>.Count);
                }
            }
            for (; at < from.Length; at++)
                bits[at] = brain ? (uint)from[at] << 16 : FromHalf(Vector512.CreateScalar((uint)from[at]))[0];
        }
    }

    // The multiplication is exact, and gives the values below 2⁻¹⁴ their own exponents.
    private static Vector512<uint> FromHalf(Vector512<uint> half)
    {
        var rest = half & Vector512.Create(0x7FFFu);
        var sign = (half ^ rest) << 16;
        var value = ((rest << 13).AsSingle() * Vector512.Create(Rebias)).AsUInt32();
        // Infinity and NaN have the largest exponent in both formats.
        return sign | value | (Vector512.GreaterThan(rest, Vector512.Create(0x7BFFu)) & Vector512.Create(0x7F800000u));
    }
}

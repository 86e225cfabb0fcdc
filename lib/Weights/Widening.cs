using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ImageGen.Weights;

/// <summary>Sixteen-bit floats made into 32-bit ones, exactly, thirty-two at a time.</summary>
internal static class Widening
{
    private const float Rebias = 5.192296858534828e33f; // 2¹¹²: the exponents count from 15 and from 127

    /// <summary>Widens as many values as <paramref name="from"/> has.</summary>
    /// <param name="from">The values' bits, in half precision or bfloat16. They may be the last half of <paramref name="to"/>.</param>
    /// <param name="to">Room for as many.</param>
    /// <param name="brain">Whether they are bfloat16, the upper half of a float32.</param>
    internal static void ToSingle(ReadOnlySpan<ushort> from, Span<float> to, bool brain)
    {
        var bits = MemoryMarshal.Cast<float, uint>(to[..from.Length]);
        var at = 0;
        // Front to back, each value read before its room is written: what lies at the end of the room is never written too early.
        for (; at <= from.Length - Vector512<ushort>.Count; at += Vector512<ushort>.Count)
        {
            var (lower, upper) = Vector512.Widen(Vector512.Create(from[at..]));
            (brain ? lower << 16 : FromHalf(lower)).CopyTo(bits[at..]);
            (brain ? upper << 16 : FromHalf(upper)).CopyTo(bits[(at + Vector512<uint>.Count)..]);
        }
        for (; at < from.Length; at++)
            bits[at] = brain ? (uint)from[at] << 16 : FromHalf(Vector512.CreateScalar((uint)from[at]))[0];
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

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ImageGen.Weights;

/// <summary>Sixteen-bit floats made into 32-bit ones, exactly, sixteen at a time.</summary>
internal static class Widening
{
    private const uint Rebias = 112u << 23; // the exponents count from 15 and from 127

    /// <summary>Widens as many values as <paramref name="from"/> has.</summary>
    /// <param name="from">The values' bits, in half precision or bfloat16. They may be the last half of <paramref name="to"/>.</param>
    /// <param name="to">Room for as many.</param>
    /// <param name="brain">Whether they are bfloat16, the upper half of a float32.</param>
    internal static void ToSingle(ReadOnlySpan<ushort> from, Span<float> to, bool brain)
    {
        var bits = MemoryMarshal.Cast<float, uint>(to[..from.Length]);
        var at = 0;
        // Front to back, each value read before its room is written: what lies at the end of the room is never written too early.
        for (; at <= from.Length - Vector256<ushort>.Count; at += Vector256<ushort>.Count)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Create(from[at..]));
            (brain ? lower << 16 : FromHalf(lower)).CopyTo(bits[at..]);
            (brain ? upper << 16 : FromHalf(upper)).CopyTo(bits[(at + Vector256<uint>.Count)..]);
        }
        for (; at < from.Length; at++)
            bits[at] = brain ? (uint)from[at] << 16 : FromHalf(Vector256.CreateScalar((uint)from[at]))[0];
    }

    private static Vector256<uint> FromHalf(Vector256<uint> half)
    {
        var sign = (half & Vector256.Create(0x8000u)) << 16;
        var rest = half & Vector256.Create(0x7FFFu);
        var usual = (rest << 13) + Vector256.Create(Rebias);
        // Infinity and NaN have the largest exponent in both formats.
        usual += Vector256.GreaterThanOrEqual(rest.AsInt32(), Vector256.Create(0x7C00)).AsUInt32() & Vector256.Create(Rebias);
        // Below 2⁻¹⁴ a half is a whole number of 2⁻²⁴.
        var small = (Vector256.ConvertToSingle(rest.AsInt32()) * Vector256.Create(1 / 16777216f)).AsUInt32();
        return sign | Vector256.ConditionalSelect(Vector256.LessThan(rest.AsInt32(), Vector256.Create(0x0400)).AsUInt32(), small, usual);
    }
}

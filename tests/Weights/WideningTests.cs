using ImageGen.Weights;

namespace ImageGen.Tests;

public class WideningTests
{
    // Every value there is, and lengths that are no multiple of a vector's.
    private static readonly ushort[] All = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits), 0x3C00, 0xBC00, 0x0001];

    [Fact]
    public void EveryHalfIsTheFloatThatDotNetSays()
    {
        var floats = new float[All.Length];
        Widening.ToSingle(All, floats, brain: false);
        for (var i = 0; i < All.Length; i++)
            Assert.True(Same((float)BitConverter.UInt16BitsToHalf(All[i]), floats[i]), $"{All[i]:X4} became {floats[i]}");
    }

    [Fact]
    public void EveryBrainFloatIsTheUpperHalfOfItsFloat()
    {
        var floats = new float[All.Length];
        Widening.ToSingle(All, floats, brain: true);
        for (var i = 0; i < All.Length; i++)
            Assert.Equal((uint)All[i] << 16, BitConverter.SingleToUInt32Bits(floats[i]));
    }

    // Room that begins at a multiple of 64 bytes is written in another way than room that does not.
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(37)]
    [InlineData(65539)]
    public void WhereTheRoomBeginsChangesNothing(int count)
    {
        ReadOnlySpan<ushort> values = All.AsSpan(All.Length - count);
        var room = GC.AllocateArray<float>(count + 32, pinned: true);
        for (var skip = 0; skip < 16; skip++)
        {
            Array.Fill(room, 7);
            Widening.ToSingle(values, room.AsSpan(skip), brain: true);
            for (var i = 0; i < count; i++) Assert.Equal((uint)values[i] << 16, BitConverter.SingleToUInt32Bits(room[skip + i]));
            Assert.All(room[(skip + count)..], after => Assert.Equal(7, after));
        }
    }

    // A NaN may become another NaN.
    private static bool Same(float expected, float actual) =>
        float.IsNaN(expected) ? float.IsNaN(actual) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(actual);
}

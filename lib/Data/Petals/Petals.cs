using ImageGen.Data.Drawing;
using ImageGen.Imaging;
namespace ImageGen.Data;
public static class Scratch
{
    public static FlowerAttributes Any(SplitMix64 r)
    {
        var shape = (PetalShape)r.Next(5);
        ReadOnlySpan<int> counts = shape switch { PetalShape.Round => [5,6,7,8], PetalShape.Pointed => [5,6,8], PetalShape.Ruffled => [4,5,6], PetalShape.Long => [10,12,16,20], _ => [18,21,24] };
        return new((PetalColor)r.Next(10), shape, r.Pick(counts), (CenterColor)r.Next(6), (Backdrop)r.Next(8), (FlowerLight)r.Next(4), (FlowerSize)r.Next(3), (FlowerPose)r.Next(5), (Foliage)r.Next(3));
    }
    public static Picture Draw(ulong i, int side) => FlowerPainter.Paint(Any(SplitMix64.Stream(1, i)), SplitMix64.Mix(i + 99), side);
}

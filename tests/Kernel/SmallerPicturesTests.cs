using System.Buffers.Binary;
using ImageGen.Imaging;
using ImageGen.Kernel.Publishing;
using SkiaSharp;

namespace ImageGen.Tests.Kernel;

public class SmallerPicturesTests
{
    private static readonly Picture Painting = Noise();

    [Fact]
    public void APaintingLosesBitsThatNobodySees()
    {
        var png = Painting.ToPng();
        var smaller = SmallerPictures.Of(png);
        Assert.InRange(smaller.Length, 1, 0.9 * png.Length);
        var pixels = Pixels(smaller);
        Assert.Equal(Painting.Rgb.Length, pixels.Length);
        for (var i = 0; i < pixels.Length; i++)
            Assert.InRange(Math.Abs(pixels[i] - Painting.Rgb[i]), 0, i % 3 == 2 ? 2 : 1);
        Assert.InRange(pixels.Zip(Painting.Rgb, (a, b) => Math.Abs(a - b)).Average(), 0, 1);
        // Worked by hand: 200·127/255 is nearly 100, and 100·255/127 nearly 201; likewise the others. Black and white stay.
        Assert.Equal([201, 54, 77, 0, 0, 0, 255, 255, 255], pixels[..9]);
        Assert.Equal(pixels, Pixels(SmallerPictures.Of(smaller)));
    }

    [Fact]
    public void ADrawingKeepsEveryBit()
    {
        var lines = new Picture(200, 100, [.. Enumerable.Range(0, 200 * 100 * 3).Select(i => (byte)(i / 3 % 200 * 37 % 256))]);
        var png = lines.ToPng();
        Assert.Same(png, SmallerPictures.Of(png));
        Assert.Equal("hi"u8.ToArray(), SmallerPictures.Of("hi"u8.ToArray()));
    }

    [Fact]
    public void WhatIsDrawnForAFineScreenStaysMarked()
    {
        var marked = PngDensity.Mark(Painting.ToPng(), 2);
        var smaller = SmallerPictures.Of(marked);
        Assert.True(smaller.Length < marked.Length);
        Assert.Equal("pHYs", System.Text.Encoding.ASCII.GetString(smaller, 37, 4));
        Assert.Equal(7559, BinaryPrimitives.ReadInt32BigEndian(smaller.AsSpan(41))); // 2 × 96 dots per inch, in dots per meter
        Assert.Equal(Pixels(SmallerPictures.Of(Painting.ToPng())), Pixels(smaller));
    }

    // The first three pixels are known, the others chance.
    private static Picture Noise()
    {
        var rgb = new byte[100 * 80 * 3];
        new Random(1).NextBytes(rgb);
        ((byte[])[200, 55, 78, 0, 0, 0, 255, 255, 255]).CopyTo(rgb, 0);
        return new(100, 80, rgb);
    }

    private static byte[] Pixels(byte[] png)
    {
        using var bitmap = SKBitmap.Decode(png, new SKImageInfo(100, 80, SKColorType.Rgba8888, SKAlphaType.Opaque));
        return [.. bitmap.GetPixelSpan().ToArray().Where((_, i) => i % 4 != 3)];
    }
}

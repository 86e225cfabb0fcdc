using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;
using static TorchSharp.torch;

namespace ImageGen.Imaging;

/// <summary>An RGB picture of 8 bits a channel, in ordinary memory: nothing to dispose, nothing that changes.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">Interleaved bytes, row by row: <c>Rgb[(y * Width + x) * 3 + channel]</c>.</param>
[TypeFormatterSource(typeof(PictureFormatters), PreferredMimeTypes = ["image/png", "text/plain"])]
public sealed record Picture(int Width, int Height, byte[] Rgb)
{
    /// <summary>A loaded picture's longer side is at most this many pixels unless the caller says otherwise.</summary>
    public const int DefaultMaxSide = 2048;

    /// <inheritdoc cref="Picture(int, int, byte[])"/>
    public byte[] Rgb { get; } = Width > 0 && Height > 0 && Rgb.LongLength == 3L * Width * Height
        ? Rgb
        : throw new ArgumentException($"{Rgb.LongLength} bytes are not {Width}×{Height} pixels of 3 bytes.", nameof(Rgb));

    /// <summary>The pixel in column <paramref name="x"/> (from the left) and row <paramref name="y"/> (from the top).</summary>
    public (byte R, byte G, byte B) this[int x, int y]
    {
        get
        {
            if ((uint)x >= (uint)Width || (uint)y >= (uint)Height)
                throw new ArgumentOutOfRangeException(nameof(x), $"({x}, {y}) lies outside {Width}×{Height} pixels.");
            var at = (y * Width + x) * 3;
            return (Rgb[at], Rgb[at + 1], Rgb[at + 2]);
        }
    }

    /// <summary>Reads a PNG, JPEG or WebP file: upright, in sRGB, transparent parts over white.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxSide">A larger picture is made smaller while it is read, so that memory stays bounded.</param>
    /// <exception cref="CourseException">The file is missing, empty, damaged or no picture; the message says which.</exception>
    public static Picture Load(string path, int maxSide = DefaultMaxSide) => PictureReader.Read(path, maxSide);

    /// <summary>Writes the picture as PNG, JPEG or WebP, as the path's ending says; the file appears whole or not at all.</summary>
    /// <exception cref="CourseException">The ending is another one, or the place cannot be written.</exception>
    public void Save(string path) => PictureWriter.Write(this, path);

    /// <summary>The bytes of a PNG file.</summary>
    public byte[] ToPng() => PictureWriter.ToPng(this);

    /// <summary>The picture as <c>[1, 3, H, W]</c>, float32 in [0, 1], on <see cref="Compute.Device"/>.</summary>
    public Tensor ToTensor() => TensorPictures.ToTensor(this);

    /// <summary>A tensor's values as a picture; values outside the range are clamped.</summary>
    /// <param name="pixels"><c>[3, H, W]</c>, <c>[1, 3, H, W]</c>, or one channel: <c>[1, H, W]</c>, <c>[1, 1, H, W]</c>, <c>[H, W]</c>; any device.</param>
    /// <param name="range">What black and white are.</param>
    /// <exception cref="CourseException">Another shape, a type without fractions, or values that are not numbers.</exception>
    public static Picture FromTensor(Tensor pixels, PixelRange range = PixelRange.ZeroToOne) => TensorPictures.FromTensor(pixels, range);

    /// <summary>The picture in another size, antialiased, as Pillow's <c>resize</c> makes it.</summary>
    public Picture Resize(int width, int height, Resampling resampling = Resampling.Bicubic) =>
        Resampler.Resize(this, width, height, resampling);

    /// <summary>The picture, made smaller if need be so that neither side is longer than <paramref name="side"/>.</summary>
    public Picture FitWithin(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        var longer = Math.Max(Width, Height);
        return longer <= side ? this : Resize(Scaled(Width, side, longer), Scaled(Height, side, longer));
    }

    /// <summary>The middle of the picture, cut to the size.</summary>
    public Picture Crop(int width, int height) => Crop((Width - width) / 2, (Height - height) / 2, width, height);

    /// <summary>The part that starts in column <paramref name="left"/> and row <paramref name="top"/>.</summary>
    public Picture Crop(int left, int top, int width, int height)
    {
        if (width < 1 || height < 1 || left < 0 || top < 0 || left + width > Width || top + height > Height)
            throw new ArgumentOutOfRangeException(nameof(width), $"{width}×{height} at ({left}, {top}) does not lie inside {Width}×{Height} pixels.");
        var part = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
            Rgb.AsSpan(((top + y) * Width + left) * 3, width * 3).CopyTo(part.AsSpan(y * width * 3));
        return new Picture(width, height, part);
    }

    /// <summary>The middle square of the picture, <paramref name="side"/> pixels wide.</summary>
    public Picture Square(int side)
    {
        var shorter = Math.Min(Width, Height);
        return Crop(shorter, shorter).Resize(side, side);
    }

    /// <summary>Equal size and equal pixels.</summary>
    public bool Equals(Picture? other) =>
        other is not null && Width == other.Width && Height == other.Height && Rgb.AsSpan().SequenceEqual(other.Rgb);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Width);
        hash.AddBytes(Rgb);
        return hash.ToHashCode();
    }

    /// <summary>For example <c>Picture 256×192</c>.</summary>
    public override string ToString() => $"Picture {Width}×{Height}";

    internal static int Scaled(int length, int side, int longer) => Math.Max(1, (int)Math.Round((double)length * side / longer));
}

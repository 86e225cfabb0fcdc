using ImageGen.Runtime;
using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>
/// Reads picture files. A huge one never lies in memory whole: JPEG and WebP decode at a fraction of their size, and
/// PNG, which cannot, is decoded stripe by stripe and averaged down as it comes.
/// </summary>
internal static class PictureReader
{
    private const long StripePixels = 48 << 20;     // 192 MB of RGBA at a time: fewer stripes, fewer passes over the file
    private const long MaxWholePixels = 1 << 28;    // 1 GB of RGBA: for formats that only decode whole
    private const long MaxPixels = 1L << 32;        // a file that claims more is not a picture to learn from

    public static Picture Read(string path, int maxSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSide, 1);
        if (Directory.Exists(path)) throw new CourseException($"'{path}' is a folder: name a picture file inside it.");
        if (!File.Exists(path)) throw new CourseException($"The picture '{path}' does not exist: check the name and the folder.");
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length == 0) throw new CourseException($"The picture '{path}' is empty: copy or download it again.");
            using var codec = SKCodec.Create(file, out var result);
            if (codec is null)
                throw Explained(path) ?? (result == SKCodecResult.IncompleteInput ? Damaged(path)
                    : new CourseException($"'{path}' is not a picture that can be read: save it as PNG, JPEG or WebP."));
            // Skia looks for no orientation in a PNG.
            var origin = codec.EncodedFormat == SKEncodedImageFormat.Png ? (SKEncodedOrigin)PngOrientation.Read(path) : codec.EncodedOrigin;
            return Upright(Decode(codec, path, maxSide), origin).FitWithin(maxSide);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The picture '{path}' cannot be read ({error.Message.TrimEnd('.')}): check its permissions.", error);
        }
    }

    private static CourseException? Explained(string path)
    {
        using var file = File.OpenRead(path); // the codec has closed its own
        var start = new byte[512];
        return ForeignFile.Explain(start.AsSpan(0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false))) is { } kind and not "it is a picture, PNG or JPEG"
            ? new($"'{path}' is not a picture that can be read: {kind}.")
            : null;
    }

    private static Picture Decode(SKCodec codec, string path, int maxSide)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > MaxPixels)
            throw new CourseException($"The picture '{path}' claims {width}×{height} pixels, more than can be read: make it smaller first.");

        var longer = Math.Max(width, height);
        if (codec.EncodedFormat == SKEncodedImageFormat.Png && (long)width * height > StripePixels)
            return DecodeInStripes(codec, path, Math.Max(1, longer / maxSide));

        // The codec may offer a somewhat smaller size than asked for; never go below maxSide here, the rest is resampled well.
        var size = new SKSizeI(width, height);
        for (var scale = (float)maxSide / longer; scale < 1; scale *= 1.25f)
        {
            size = codec.GetScaledDimensions(scale);
            if (Math.Max(size.Width, size.Height) >= maxSide) break;
            size = new SKSizeI(width, height);
        }
        if ((long)size.Width * size.Height > MaxWholePixels)
            throw new CourseException($"The picture '{path}' of {width}×{height} pixels is too large to read: make it smaller first.");

        using var bitmap = new SKBitmap(Rgba(size.Width, size.Height));
        Require(codec.GetPixels(bitmap.Info, bitmap.GetPixels()), path);
        var rgb = new byte[size.Width * size.Height * 3];
        OverWhite(bitmap.GetPixelSpan(), rgb);
        return new Picture(size.Width, size.Height, rgb);
    }

    // Skia's PNG decoder can skip rows quickly but not keep its place, so each stripe starts from the top of the file.
    private static Picture DecodeInStripes(SKCodec codec, string path, int factor)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        var (smallWidth, smallHeight) = ((width + factor - 1) / factor, (height + factor - 1) / factor);
        if ((long)smallWidth * smallHeight * 3 > Array.MaxLength)
            throw new CourseException($"The picture '{path}' of {width}×{height} pixels is too large to read at that size: ask for a smaller maxSide.");

        var rgb = new byte[smallWidth * smallHeight * 3];
        var rows = (int)Math.Max(factor, StripePixels / width / factor * factor);
        using var stripe = new SKBitmap(Rgba(width, Math.Min(rows, height)));
        var line = new byte[width * 3];
        for (var top = 0; top < height; top += rows)
        {
            var part = SKRectI.Create(0, top, width, Math.Min(rows, height - top));
            Require(codec.StartIncrementalDecode(Rgba(width, height), stripe.GetPixels(), stripe.RowBytes, new SKCodecOptions(part)), path);
            Require(codec.IncrementalDecode(out _), path);
            Average(stripe.GetPixelSpan(), line, part, factor, rgb, smallWidth);
        }
        return new Picture(smallWidth, smallHeight, rgb);
    }

    /// <summary>Averages blocks of <paramref name="factor"/>² pixels; blocks at the right and bottom edge may be smaller.</summary>
    private static void Average(ReadOnlySpan<byte> stripe, byte[] line, SKRectI part, int factor, byte[] rgb, int smallWidth)
    {
        var sums = new int[smallWidth * 3];
        for (var y = 0; y < part.Height; y += factor)
        {
            Array.Clear(sums);
            var blockHeight = Math.Min(factor, part.Height - y);
            for (var row = y; row < y + blockHeight; row++)
            {
                OverWhite(stripe.Slice(row * part.Width * 4, part.Width * 4), line);
                for (int x = 0, column = 0; x < part.Width; column++)
                    for (var end = Math.Min(x + factor, part.Width); x < end; x++)
                    {
                        sums[column * 3] += line[x * 3];
                        sums[column * 3 + 1] += line[x * 3 + 1];
                        sums[column * 3 + 2] += line[x * 3 + 2];
                    }
            }
            var target = rgb.AsSpan((part.Top + y) / factor * smallWidth * 3);
            for (var i = 0; i < sums.Length; i++)
            {
                var count = blockHeight * Math.Min(factor, part.Width - i / 3 * factor);
                target[i] = (byte)((sums[i] + count / 2) / count);
            }
        }
    }

    private static void OverWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; from < rgba.Length; from += 4)
        {
            int alpha = rgba[from + 3];
            if (alpha == 255)
            {
                (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
                to += 3;
                continue;
            }
            var white = 255 * (255 - alpha) + 127;
            rgb[to++] = (byte)((rgba[from] * alpha + white) / 255);
            rgb[to++] = (byte)((rgba[from + 1] * alpha + white) / 255);
            rgb[to++] = (byte)((rgba[from + 2] * alpha + white) / 255);
        }
    }

    /// <summary>Turns the pixels as the camera was held (EXIF orientation).</summary>
    private static Picture Upright(Picture picture, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default) return picture;
        int w = picture.Width, h = picture.Height;
        var swapped = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var (width, height) = swapped ? (h, w) : (w, h);
        var rgb = new byte[picture.Rgb.Length];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
            {
                var (fromX, fromY) = origin switch
                {
                    SKEncodedOrigin.TopRight => (w - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (w - 1 - x, h - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, h - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, h - 1 - x),
                    SKEncodedOrigin.RightBottom => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                picture.Rgb.AsSpan((fromY * w + fromX) * 3, 3).CopyTo(rgb.AsSpan((y * width + x) * 3));
            }
        return new Picture(width, height, rgb);
    }

    private static SKImageInfo Rgba(int width, int height) =>
        new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, SKColorSpace.CreateSrgb());

    private static void Require(SKCodecResult result, string path)
    {
        if (result != SKCodecResult.Success) throw Damaged(path);
    }

    private static CourseException Damaged(string path) =>
        new($"The picture '{path}' is damaged or cut short: copy or download it again.");
}

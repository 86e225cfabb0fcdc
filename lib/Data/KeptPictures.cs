using ImageGen.Imaging;

namespace ImageGen.Data;

/// <summary>Pictures read when they are asked for, and kept in memory as long as there is room: only the first epoch reads the disk.</summary>
/// <param name="count">How many there are.</param>
/// <param name="read">Reads one; may be called from several threads at once.</param>
internal sealed class KeptPictures(int count, Func<int, Picture> read)
{
    private const long Room = 1L << 30;

    private readonly Picture?[] kept = new Picture?[count];
    private long used;

    public Picture this[int index]
    {
        get
        {
            if (Volatile.Read(ref kept[index]) is { } known) return known;
            var picture = read(index);
            if (Interlocked.Add(ref used, picture.Rgb.Length) < Room) Volatile.Write(ref kept[index], picture);
            return picture;
        }
    }
}

/// <summary>Pictures of any proportions made just large enough to cut squares from.</summary>
internal static class Framing
{
    /// <summary>Reads a file and fits it.</summary>
    // A JPEG decodes at a fraction of its size; three times the shorter side leaves enough for any usual format.
    public static Picture Load(string path, int side) => Fit(Picture.Load(path, Shorter(side) * 3), side);

    /// <summary>
    /// The picture with its shorter side a fifth longer than <paramref name="side"/> (76 for 64, as the published
    /// text-to-image GANs have it), so that random squares can be cut; proportions are kept. A panorama loses its ends.
    /// </summary>
    public static Picture Fit(Picture picture, int side)
    {
        var longest = Math.Min(picture.Width, picture.Height) * 2;
        if (Math.Max(picture.Width, picture.Height) > longest)
            picture = picture.Crop(Math.Min(picture.Width, longest), Math.Min(picture.Height, longest));
        var shorter = Shorter(side);
        var scale = (double)shorter / Math.Min(picture.Width, picture.Height);
        return picture.Resize(Math.Max(shorter, (int)Math.Round(picture.Width * scale)), Math.Max(shorter, (int)Math.Round(picture.Height * scale)));
    }

    private static int Shorter(int side) => (side * 76 + 32) / 64;
}

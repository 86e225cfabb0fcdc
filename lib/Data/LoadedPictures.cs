using ImageGen.Imaging;

namespace ImageGen.Data;

/// <summary>
/// Picture files, read when they are asked for and made just large enough to cut squares from; kept in memory as long
/// as there is room, so that only the first epoch reads the disk.
/// </summary>
internal sealed class LoadedPictures(IReadOnlyList<string> paths, int side)
{
    private const long Room = 1L << 30;

    private readonly Picture?[] kept = new Picture?[paths.Count];
    private long used;

    public IReadOnlyList<string> Paths => paths;

    public Picture this[int index]
    {
        get
        {
            if (Volatile.Read(ref kept[index]) is { } known) return known;
            // A JPEG decodes at a fraction of its size; three times the shorter side leaves enough for any usual format.
            var picture = Fit(Picture.Load(paths[index], Shorter(side) * 3), side);
            if (Interlocked.Add(ref used, picture.Rgb.Length) < Room) Volatile.Write(ref kept[index], picture);
            return picture;
        }
    }

    /// <summary>
    /// The picture with its shorter side a fifth longer than <paramref name="side"/> (76 for 64, as the published
    /// text-to-image GANs have it), so that random squares can be cut; proportions are kept. A panorama loses its ends.
    /// </summary>
    public static Picture Fit(Picture picture, int side)
    {
        var shorter = Shorter(side);
        var scale = (double)shorter / Math.Min(picture.Width, picture.Height);
        int longest = Math.Min(picture.Width, picture.Height) * 2;
        if (Math.Max(picture.Width, picture.Height) > longest)
            picture = picture.Crop(Math.Min(picture.Width, longest), Math.Min(picture.Height, longest));
        return picture.Resize(Math.Max(shorter, (int)Math.Round(picture.Width * scale)), Math.Max(shorter, (int)Math.Round(picture.Height * scale)));
    }

    private static int Shorter(int side) => (side * 76 + 32) / 64;
}

using ImageGen.Imaging;
using ImageGen.Runtime;
using PureHDF;
using PureHDF.VOL.Native;
using SkiaSharp;

namespace ImageGen.Data;

/// <summary>
/// Flowers-102 as one HDF5 file, in the layout that published conversions for text-to-image training share:
/// <c>train|valid|test / image_00001_0 / {name, img, embeddings, class, txt}</c>, a group for each caption.
/// </summary>
/// <remarks>The file stays open, and is read as pictures are asked for: a whole one takes gigabytes, since it holds each picture once a caption.</remarks>
public sealed class FlowersHdf5 : ICaptionedPictures, IDisposable
{
    private readonly string path;
    private readonly NativeFile file;
    private readonly IH5Group groups;
    private readonly Lock reading = new();
    private readonly string[][] captionGroups;
    private readonly KeptPictures pictures;
    private readonly IReadOnlyList<string>?[] captions;

    private FlowersHdf5(string path, NativeFile file, Split split, int side)
    {
        (this.path, this.file, Split, Side) = (path, file, split, side);
        var name = split switch { Split.Train => "train", Split.Validation => "valid", _ => "test" };
        if (!file.LinkExists(name)) throw new CourseException($"'{path}' has no group '{name}': it is not a conversion of Flowers-102.");
        groups = file.Group(name);
        captionGroups = [.. groups.Children().OfType<IH5Group>().Select(group => group.Name)
            .GroupBy(group => group[..Math.Max(0, group.LastIndexOf('_'))]).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.OrderBy(name => name, StringComparer.Ordinal).ToArray())];
        if (captionGroups.Length == 0) throw new CourseException($"The group '{name}' of '{path}' is empty: download the file again.");
        pictures = new KeptPictures(Count, i => Framing.Fit(Decode(Read<byte[]>(captionGroups[i][0], "img"), captionGroups[i][0]), side));
        captions = new IReadOnlyList<string>?[Count];
    }

    /// <summary>Opens the file.</summary>
    /// <exception cref="CourseException">It is missing, not HDF5, or of another layout.</exception>
    public static FlowersHdf5 Open(string path, Split split, int side = 64)
    {
        if (split == Split.HeldOut) throw new CourseException("Flowers-102 has no HeldOut split: its Test split holds species that training never shows.");
        if (!File.Exists(path)) throw new CourseException($"The file '{path}' does not exist.");
        NativeFile? file = null;
        try
        {
            file = H5File.OpenRead(path);
            return new FlowersHdf5(path, file, split, side);
        }
        catch (Exception error)
        {
            file?.Dispose();
            // PureHDF throws plain exceptions of many kinds for files that are not HDF5.
            throw error as CourseException ?? new CourseException($"'{path}' cannot be read as an HDF5 file ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    /// <inheritdoc/>
    public string Name => $"Flowers-102 {Split.ToString().ToLowerInvariant()}";

    /// <summary>Which part of the data set this is.</summary>
    public Split Split { get; }

    /// <inheritdoc/>
    public int Count => captionGroups.Length;

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>True: the captions speak of colors and forms, hardly of left and right.</summary>
    public bool MayFlip => true;

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[index];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => captions[index] ??= [.. captionGroups[index].Select(group => Read<string>(group, "txt").Trim())];

    /// <summary>The embedding of one caption: 1024 numbers.</summary>
    public float[] Embedding(int index, int caption) => Read<float[]>(captionGroups[index][caption], "embeddings");

    /// <summary>The species' folder name, for example <c>class_00001</c>.</summary>
    public string Class(int index) => Read<string>(captionGroups[index][0], "class");

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    // One reader at a time: the file has one position.
    private T Read<T>(string group, string name)
    {
        try
        {
            lock (reading) return groups.Group(group).Dataset(name).Read<T>();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new CourseException($"'{path}' has no readable '{name}' in '{groups.Name}/{group}' ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    private Picture Decode(byte[] jpeg, string group)
    {
        using var codec = SKCodec.Create(new SKMemoryStream(jpeg));
        using var bitmap = codec is null ? null : SKBitmap.Decode(codec, codec.Info.WithColorType(SKColorType.Rgba8888).WithAlphaType(SKAlphaType.Opaque));
        if (bitmap is null) throw new CourseException($"The picture in '{groups.Name}/{group}' of '{path}' is damaged: download the file again.");
        return Canvas.ToPicture(bitmap);
    }
}

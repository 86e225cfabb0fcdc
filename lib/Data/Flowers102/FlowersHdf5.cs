using System.IO.MemoryMappedFiles;
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
/// <remarks>
/// The file stays open and is read as pictures are asked for: a whole one takes gigabytes, since it holds each picture
/// once a caption. Listing the 29,390 groups of a full training split takes PureHDF some 13 seconds of one core; a
/// caption or an embedding then takes a tenth of a millisecond. The file is mapped rather than streamed: reads are
/// several times faster.
/// </remarks>
public sealed class FlowersHdf5 : ICaptionedPictures, IDisposable
{
    private readonly string path;
    private readonly Mapping mapping;
    private readonly Lock reading = new();
    private readonly IH5Group[][] groups;
    private readonly KeptPictures pictures;
    private readonly IReadOnlyList<string>?[] captions;

    private FlowersHdf5(string path, Mapping mapping, Split split, int side)
    {
        (this.path, this.mapping, Split, Side) = (path, mapping, split, side);
        var name = split switch { Split.Train => "train", Split.Validation => "valid", _ => "test" };
        if (!mapping.File.LinkExists(name)) throw new CourseException($"'{path}' has no group '{name}': it is not a conversion of Flowers-102.");
        groups = [.. mapping.File.Group(name).Children().OfType<IH5Group>()
            .GroupBy(group => group.Name[..Math.Max(0, group.Name.LastIndexOf('_'))]).OrderBy(picture => picture.Key, StringComparer.Ordinal)
            .Select(picture => picture.OrderBy(group => group.Name, StringComparer.Ordinal).ToArray())];
        if (groups.Length == 0) throw new CourseException($"The group '{name}' of '{path}' is empty: download the file again.");
        pictures = new KeptPictures(Count, i => Framing.Fit(Decode(Read<byte[]>(groups[i][0], "img"), groups[i][0]), side));
        captions = new IReadOnlyList<string>?[Count];
    }

    /// <summary>Opens the file.</summary>
    /// <exception cref="CourseException">It is missing, not HDF5, or of another layout.</exception>
    public static FlowersHdf5 Open(string path, Split split, int side = 64)
    {
        if (split == Split.HeldOut) throw new CourseException("Flowers-102 has no HeldOut split: its Test split holds species that training never shows.");
        if (!File.Exists(path)) throw new CourseException($"The file '{path}' does not exist.");
        Mapping? mapping = null;
        try
        {
            mapping = new Mapping(path);
            return new FlowersHdf5(path, mapping, split, side);
        }
        catch (Exception error)
        {
            mapping?.Dispose();
            // PureHDF throws plain exceptions of many kinds for files that are not HDF5.
            throw error as CourseException ?? new CourseException($"'{path}' cannot be read as an HDF5 file ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    /// <inheritdoc/>
    public string Name => $"Flowers-102 {Split.ToString().ToLowerInvariant()}";

    /// <summary>Which part of the data set this is.</summary>
    public Split Split { get; }

    /// <inheritdoc/>
    public int Count => groups.Length;

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>True: the captions speak of colors and forms, hardly of left and right.</summary>
    public bool MayFlip => true;

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[index];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => captions[index] ??= [.. groups[index].Select(group => Read<string>(group, "txt").Trim())];

    /// <summary>The embedding of one caption: 1024 numbers.</summary>
    public float[] Embedding(int index, int caption) => Read<float[]>(groups[index][caption], "embeddings");

    /// <summary>The species' folder name, for example <c>class_00001</c>.</summary>
    public string Class(int index) => Read<string>(groups[index][0], "class");

    /// <inheritdoc/>
    public void Dispose() => mapping.Dispose();

    // One reader at a time: PureHDF does not say that a mapped file may be read by several.
    private T Read<T>(IH5Group group, string name)
    {
        try
        {
            lock (reading) return group.Dataset(name).Read<T>();
        }
        catch (Exception error) when (error is not (OutOfMemoryException or ObjectDisposedException))
        {
            throw new CourseException($"'{path}' has no readable '{name}' in '{group.Name}' ({error.Message.TrimEnd('.')}): download it again.", error);
        }
    }

    private Picture Decode(byte[] jpeg, IH5Group group)
    {
        using var codec = SKCodec.Create(new SKMemoryStream(jpeg));
        using var bitmap = codec is null ? null : SKBitmap.Decode(codec, codec.Info.WithColorType(SKColorType.Rgba8888).WithAlphaType(SKAlphaType.Opaque));
        if (bitmap is null) throw new CourseException($"The picture in '{group.Name}' of '{path}' is damaged: download the file again.");
        return Canvas.ToPicture(bitmap);
    }

    private sealed class Mapping : IDisposable
    {
        private readonly MemoryMappedFile map;
        private readonly MemoryMappedViewAccessor view;

        public Mapping(string path)
        {
            map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            try
            {
                File = H5File.Open(view);
            }
            catch
            {
                view.Dispose();
                map.Dispose();
                throw;
            }
        }

        public NativeFile File { get; }

        public void Dispose()
        {
            File.Dispose();
            view.Dispose();
            map.Dispose();
        }
    }
}

using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using SkiaSharp;

namespace ImageGen.Imaging;

/// <summary>
/// The typeface of every caption and chart: it comes with the library, because a machine may have no fonts at all.
/// </summary>
/// <remarks>
/// Inter (SIL Open Font License 1.1) travels as resources of the package Avalonia.Fonts.Inter, whose assembly lies inside
/// this one. Its one resource <c>!AvaloniaResources</c> is an index (its length; a version; a count; name, offset and
/// size of each file) followed by the files.
/// </remarks>
internal static class Inter
{
    private static readonly Lazy<Dictionary<string, byte[]>> Files = new(ReadFiles);
    private static readonly Lazy<SKTypeface> RegularFace = new(() => Face("Regular"));
    private static readonly Lazy<SKTypeface> MediumFace = new(() => Face("Medium"));
    private static readonly Lazy<SKTypeface> SemiBoldFace = new(() => Face("SemiBold"));

    public static SKTypeface Regular => RegularFace.Value;
    public static SKTypeface Medium => MediumFace.Value;
    public static SKTypeface SemiBold => SemiBoldFace.Value;

    private static SKTypeface Face(string weight)
    {
        using var data = SKData.CreateCopy(Files.Value[$"/Assets/Inter-{weight}.ttf"]);
        return SKTypeface.FromData(data) ?? throw new InvalidDataException($"Inter-{weight}.ttf is no typeface.");
    }

    private static Dictionary<string, byte[]> ReadFiles()
    {
        using var stream = typeof(Inter).Assembly.GetManifestResourceStream("Inter.dll")
            ?? throw new InvalidDataException("The library was built without its typeface.");
        using var assembly = new PEReader(stream);
        var metadata = assembly.GetMetadataReader();
        var resource = metadata.ManifestResources.Select(metadata.GetManifestResource)
            .Single(r => metadata.StringComparer.Equals(r.Name, "!AvaloniaResources"));
        var resources = assembly.GetSectionData(assembly.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);

        var lengthReader = resources.GetReader((int)resource.Offset, sizeof(int));
        var blob = resources.GetReader((int)resource.Offset + sizeof(int), lengthReader.ReadInt32());
        var indexLength = blob.ReadInt32();
        _ = blob.ReadInt32(); // the index's version
        var entries = new (string Name, int Offset, int Size)[blob.ReadInt32()];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = (Encoding.UTF8.GetString(blob.ReadBytes(blob.ReadCompressedLength())), blob.ReadInt32(), blob.ReadInt32());

        var files = new Dictionary<string, byte[]>();
        foreach (var (name, offset, size) in entries)
        {
            blob.Offset = sizeof(int) + indexLength + offset;
            files[name] = blob.ReadBytes(size);
        }
        return files;
    }

    // BinaryWriter's string length: seven bits a byte, low ones first.
    private static int ReadCompressedLength(this ref BlobReader reader)
    {
        int length = 0, shift = 0;
        byte next;
        do
        {
            next = reader.ReadByte();
            length |= (next & 0x7f) << shift;
            shift += 7;
        } while ((next & 0x80) != 0);
        return length;
    }
}

using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>Where in a .NET assembly's file a resource lies. The assembly is neither loaded nor copied: its tables are
/// read.</summary>
internal static class AssemblyResource
{
    /// <summary>Finds a resource that is embedded in the file itself.</summary>
    /// <param name="file">The assembly.</param>
    /// <param name="name">The resource's name.</param>
    /// <returns>Its bytes' place and number.</returns>
    /// <exception cref="CourseException">The file is no assembly, is damaged or cut short, or lacks the
    /// resource.</exception>
    internal static (long Offset, long Length) Find(RawFile file, string name)
    {
        try
        {
            using var stream = new FileStream(
                file.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            using var assembly = new PEReader(stream);
            if (!assembly.HasMetadata || assembly.PEHeaders.CorHeader is not { } header) throw file.Bad(
                "it is no .NET assembly, or is cut short");
            var metadata = assembly.GetMetadataReader();
            var resources = metadata.ManifestResources.Select(metadata.GetManifestResource)
                .Where(resource => resource.Implementation.IsNil).ToList();
            var found = resources.Where(resource => metadata.StringComparer.Equals(resource.Name, name))
                .Select(resource => (long?)resource.Offset).FirstOrDefault()
                ?? throw file.Bad($"it has no resource '{name}'; it has " +
                    $"{Listing.Of([.. resources.Select(resource => metadata.GetString(resource.Name))])}");
            if (!assembly.PEHeaders.TryGetDirectoryOffset(header.ResourcesDirectory, out var directory)) throw file.Bad(
                "its table of resources lies nowhere");
            if (directory + found > file.Length - sizeof(uint))
                throw file.Bad($"its resource '{name}' would begin at byte {directory + found}: it is cut short");
            // Each resource is its length, four bytes, and then its bytes (ECMA-335, partition II, 24.2.4 and 22.24).
            var length = BitConverter.ToUInt32(file.Read(directory + found, sizeof(uint)));
            var start = directory + found + sizeof(uint);
            return length <= file.Length - start ? (start, length)
                : throw file.Bad($"its resource '{name}' claims {length} bytes where {file.Length - start} are " +
                    $"left: it is cut short");
        }
        // What the tables of a damaged assembly may lead the reader to.
        catch (Exception error) when (
            error is BadImageFormatException or InvalidOperationException or IOException or OverflowException
            or ArgumentException or UnauthorizedAccessException)
        {
            throw file.Bad($"it is no .NET assembly, or is cut short or damaged ({error.Message.TrimEnd('.')})");
        }
    }

    /// <summary>A resource as text.</summary>
    /// <exception cref="CourseException">As in <see cref="Find"/>; or it is longer than any text should be.</exception>
    internal static string Text(string path, string name)
    {
        using var file = RawFile.Open(path);
        var (offset, length) = Find(file, name);
        return length <= 16 << 20 ? Encoding.UTF8.GetString(file.Read(offset, (int)length))
            : throw file.Bad($"its resource '{name}' is no text");
    }
}

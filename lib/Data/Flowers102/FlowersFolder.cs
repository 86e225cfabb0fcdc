using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>The files of Flowers-102 as they were downloaded: finds them, and unpacks an archive where its content is not there yet.</summary>
internal sealed class FlowersFolder
{
    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, MaxRecursionDepth = 4 };

    private readonly string root;

    public FlowersFolder(string root)
    {
        if (!Directory.Exists(root)) throw new CourseException($"The folder '{root}' does not exist: download Flowers-102 first.");
        this.root = root;
        Pictures = Find("jpg", "102flowers")
            ?? throw new CourseException($"'{root}' has neither 102flowers.tgz nor a folder 'jpg': download Flowers-102 first.");
        Captions = Find("text_c10", "cvpr2016_flowers");
        Embeddings = Find("flowers_icml", "flowers_icml");
    }

    /// <summary>The folder of the photographs, image_00001.jpg and on.</summary>
    public string Pictures { get; }

    /// <summary>The folder of caption files by class, if there is one.</summary>
    public string? Captions { get; }

    /// <summary>The folder of .t7 files by class, if there is one.</summary>
    public string? Embeddings { get; }

    public string Labels => Path.Combine(root, "imagelabels.mat");

    public string Sets => Path.Combine(root, "setid.mat");

    /// <summary>Classes named in <c>trainclasses.txt</c>, <c>valclasses.txt</c> or <c>testclasses.txt</c>; nothing when the file is not there.</summary>
    public IReadOnlySet<int>? Classes(string list)
    {
        var path = First(Directory.EnumerateFiles(root, list, Everywhere));
        return path is null ? null : CaptionTable.Lines(path).Select(line => Number(line, "class_")
            ?? throw new CourseException($"'{path}' lists '{line}' instead of a class like class_00001: download it again.")).ToHashSet();
    }

    /// <summary>Files of the form class_00001/image_00001.ENDING, by the number of the picture.</summary>
    public static IReadOnlyDictionary<int, string> ByPicture(string? folder, string ending)
    {
        var files = new Dictionary<int, string>();
        if (folder is null) return files;
        foreach (var path in Directory.EnumerateFiles(folder, "image_*" + ending, SearchOption.AllDirectories))
            if (Number(Path.GetFileNameWithoutExtension(path), "image_") is { } number) files[number] = path;
        return files;
    }

    /// <summary>The species whose folder a file lies in; null where it lies in none.</summary>
    public static int? ClassOf(string path) => Number(Path.GetFileName(Path.GetDirectoryName(path)) ?? "", "class_");

    private static int? Number(string name, string before) =>
        name.StartsWith(before, StringComparison.Ordinal) && int.TryParse(name.AsSpan(before.Length), out var number) ? number : null;

    private string? Find(string folder, string archive)
    {
        if (First(Directory.EnumerateDirectories(root, folder, Everywhere)) is { } there) return there;
        foreach (var ending in new[] { ".tgz", ".tar.gz" })
            if (File.Exists(Path.Combine(root, archive + ending)))
            {
                Archive.Unpack(Path.Combine(root, archive + ending), Path.Combine(root, archive));
                return First(Directory.EnumerateDirectories(root, folder, Everywhere))
                    ?? throw new CourseException($"'{Path.Combine(root, archive + ending)}' holds no folder '{folder}': it is not the data set's own; delete it.");
            }
        return null;
    }

    // An archive may be unpacked into a folder of the name it has inside: the inner one holds the files. Unfinished ones do not count.
    private static string? First(IEnumerable<string> paths) => paths
        .Where(path => !path.Contains(".part" + Path.DirectorySeparatorChar))
        .OrderByDescending(path => path.Length).ThenBy(path => path, StringComparer.Ordinal).FirstOrDefault();
}

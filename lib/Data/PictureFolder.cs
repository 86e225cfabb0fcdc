using System.Collections.Concurrent;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Data;

/// <summary>A file that was left out of a data set, and why.</summary>
public sealed record SkippedFile(string Path, string Reason);

/// <summary>
/// A folder of one's own pictures as a data set: PNG, JPEG or WebP files, each with captions in a text file of the same
/// name (<c>rose.jpg</c>, <c>rose.txt</c>, one caption a line) or in the rows of one <c>captions.csv</c>. Other
/// programs' ways are read as well: <c>rose.caption</c>, <c>metadata.csv</c>, <c>metadata.jsonl</c> and kohya's
/// <c>meta_cap.json</c>.
/// </summary>
public sealed class PictureFolder : ICaptionedPictures
{
    /// <summary>The name of the table of captions.</summary>
    public const string TableName = "captions.csv";

    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp"], TextEndings = [".txt", ".caption"],
        Tables = [TableName, "metadata.csv", "metadata.jsonl", .. KohyaCaptions.Names];

    private readonly string[] paths;
    private readonly KeptPictures pictures;
    private readonly IReadOnlyList<string>[] captions;
    private readonly int[] usable;

    private PictureFolder(string folder, int side, bool mayFlip, string[] paths, KeptPictures pictures,
        IReadOnlyList<string>[] captions, SkippedFile[] skipped)
    {
        (Folder, Side, MayFlip, Skipped) = (folder, side, mayFlip, skipped);
        (this.paths, this.pictures, this.captions) = (paths, pictures, captions);
        var left = skipped.Select(file => file.Path).ToHashSet();
        usable = [.. Enumerable.Range(0, paths.Length).Where(i => !left.Contains(paths[i]))];
    }

    /// <summary>Opens a folder and reads each of its pictures once; those that cannot be read are skipped, named and
    /// counted.</summary>
    /// <param name="folder">The folder; folders inside it are not looked at.</param>
    /// <param name="side">The side of the square that training sees.</param>
    /// <param name="mayFlip">Whether pictures may be mirrored; say false when captions speak of left and right.</param>
    /// <exception cref="CourseException">
    /// The folder is missing or has no readable picture, a picture has no caption, a caption no picture, or
    /// captions.csv has a bad line.
    /// </exception>
    public static PictureFolder Open(string folder, int side = 64, bool mayFlip = true)
    {
        if (side is < 8 or > 2048)
            throw new CourseException($"Pictures cannot be cut to {side} pixels a side: side must be 8 to 2048.");
        if (!Directory.Exists(folder))
            throw new CourseException($"The folder '{folder}' does not exist: check the name.");
        string[] paths = [.. Directory.EnumerateFiles(folder).Where(IsPicture).Order(StringComparer.Ordinal)];
        if (paths.Length == 0) throw new CourseException($"The folder '{folder}' has no pictures: put PNG, JPEG or " +
            $"WebP files into it.");

        var captions = Captions(folder, paths);
        var pictures = new KeptPictures(paths.Length, i => Framing.Load(paths[i], side));
        var skipped = new ConcurrentBag<SkippedFile>();
        Parallel.For(0, paths.Length, i =>
        {
            try
            {
                _ = pictures[i];
            }
            catch (CourseException error)
            {
                skipped.Add(new SkippedFile(paths[i], error.Message));
            }
        });
        SkippedFile[] sorted = [.. skipped.OrderBy(file => file.Path, StringComparer.Ordinal)];
        if (sorted.Length == paths.Length)
            throw new CourseException($"None of the {paths.Length} pictures in '{folder}' can be read; the first: " +
                $"{sorted[0].Reason}");
        return new PictureFolder(folder, side, mayFlip, paths, pictures, captions, sorted);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public string Name => $"the folder '{Folder}'";

    /// <inheritdoc/>
    public int Count => usable.Length;

    /// <inheritdoc/>
    public int Side { get; }

    /// <inheritdoc/>
    public bool MayFlip { get; }

    /// <summary>The pictures that could not be read.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; }

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[usable[index]];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => captions[usable[index]];

    /// <summary>The picture's file.</summary>
    public string Path(int index) => paths[usable[index]];

    private static bool IsPicture(string path) =>
        Endings.Contains(System.IO.Path.GetExtension(path).ToLowerInvariant());

    // A name as it is compared: macOS writes ồ as a letter and two marks, other systems as one character.
    private static string Key(string path) => CanonicalForm.Compose(System.IO.Path.GetFileName(path));

    private static string StemKey(string path) =>
        CanonicalForm.Compose(System.IO.Path.GetFileNameWithoutExtension(path));

    private static IReadOnlyList<string>[] Captions(string folder, string[] paths)
    {
        string[] tables = [.. Directory.EnumerateFiles(folder)
            .Where(path => Tables.Contains(System.IO.Path.GetFileName(path).ToLowerInvariant()))
            .Order(StringComparer.Ordinal)];
        if (tables.Length > 1)
            throw new CourseException($"The folder '{folder}' has {tables.Length} tables of captions, " +
                $"{string.Join(" and ", tables.Select(System.IO.Path.GetFileName))}: keep one.");
        var found = tables is [var table] ? FromTable(table, paths) : FromTexts(folder, paths);
        string[] without = [.. paths.Where(path => !found.ContainsKey(Key(path)))];
        if (without.Length > 0)
        {
            var (first, remedy) = (System.IO.Path.GetFileName(without[0]), tables is [var one]
                ? $"add a row for it to {System.IO.Path.GetFileName(one)}"
                : $"write '{System.IO.Path.GetFileNameWithoutExtension(without[0])}.txt' beside it");
            throw new CourseException(without.Length == 1
                ? $"The picture '{first}' in '{folder}' has no caption: {remedy}."
                : $"{without.Length} pictures in '{folder}' have no caption, the first is '{first}': {remedy}, and " +
                    $"so for the others.");
        }
        return [.. paths.Select(path => found[Key(path)])];
    }

    private static Dictionary<string, List<string>> FromTable(string table, string[] paths)
    {
        var (names, byStem) = (paths.Select(Key).ToHashSet(), paths.ToLookup(StemKey, Key));
        var withoutEndings = KohyaCaptions.Names.Contains(System.IO.Path.GetFileName(table).ToLowerInvariant());
        var found = new Dictionary<string, List<string>>();
        foreach (var (file, caption, line) in CaptionTable.Rows(table))
        {
            var key = CanonicalForm.Compose(file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file);
            string[] named = names.Contains(key) ? [key] : withoutEndings ? [.. byStem[key]] : [];
            if (named.Length == 0)
                throw CaptionTable.Bad(table, line, $"names the picture '{file}', which is not in the folder");
            foreach (var name in named)
            {
                if (!found.TryGetValue(name, out var list)) found[name] = list = [];
                list.Add(caption);
            }
        }
        return found;
    }

    private static Dictionary<string, List<string>> FromTexts(string folder, string[] paths)
    {
        var byStem = paths.ToLookup(StemKey, Key);
        var (found, from) = (new Dictionary<string, List<string>>(), new Dictionary<string, string>());
        foreach (var text in Directory.EnumerateFiles(folder)
            .Where(path => TextEndings.Contains(System.IO.Path.GetExtension(path).ToLowerInvariant()))
            .Order(StringComparer.Ordinal))
        {
            var (stem, name) = (StemKey(text), System.IO.Path.GetFileName(text));
            if (!byStem.Contains(stem))
                throw new CourseException($"The captions '{name}' in '{folder}' belong to no picture: name them " +
                    $"after one, or move them away.");
            if (!from.TryAdd(stem, name))
                throw new CourseException($"The pictures of '{folder}' have captions twice, in " +
                    $"'{from[stem]}' and in '{name}': keep one.");
            foreach (var picture in byStem[stem]) found[picture] = [.. CaptionTable.Lines(text)];
        }
        return found;
    }
}

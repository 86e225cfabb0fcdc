using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Data;

/// <summary>How Flowers-102 is divided.</summary>
public enum FlowersProtocol
{
    /// <summary>As its authors did: every class in every part, 1020 pictures to train, 1020 to validate, 6149 to test.</summary>
    Official,

    /// <summary>
    /// As text-to-image papers do since Reed et al. (2016): 62 classes to train, 20 to validate, 20 others to test, so that
    /// a model is judged on species it has never seen.
    /// </summary>
    ClassDisjoint,
}

/// <summary>
/// Oxford Flowers-102: 8189 photographs of 102 species (Nilsback and Zisserman, 2008), with the ten captions a picture
/// of Reed et al. (2016) and their 1024 numbers a caption (char-CNN-RNN), where these files are there.
/// </summary>
/// <remarks>
/// <c>./course data fetch flowers102</c> fetches the photographs, labels and division, and checks them against their
/// published hashes. The captions and embeddings lie on their authors' drive (github.com/reedscot/cvpr2016 and icml2016
/// have the links), and nobody publishes their hashes: put cvpr2016_flowers.tar.gz and flowers_icml.tar.gz beside them.
/// </remarks>
public sealed class Flowers102 : ICaptionedPictures
{
    /// <summary>The length of an embedding.</summary>
    public const int EmbeddingLength = 1024;

    private readonly KeptPictures pictures;
    private readonly int[] numbers;
    private readonly int[] labels;
    private readonly IReadOnlyDictionary<int, string> captionFiles;
    private readonly IReadOnlyDictionary<int, string> embeddingFiles;
    private readonly IReadOnlyList<string>?[] captions;

    private Flowers102(FlowersFolder folder, int[] labels, int[] numbers, Split split, int side)
    {
        (this.labels, this.numbers, Split, Side) = (labels, numbers, split, side);
        pictures = new KeptPictures(numbers.Length, i => Framing.Load(Path.Combine(folder.Pictures, $"image_{numbers[i]:00000}.jpg"), side));
        captionFiles = FlowersFolder.ByPicture(folder.Captions, ".txt");
        embeddingFiles = FlowersFolder.ByPicture(folder.Embeddings, ".t7");
        captions = new IReadOnlyList<string>?[numbers.Length];
    }

    /// <summary>The name of the photographs in data/sources.json.</summary>
    public const string SourceName = "flowers102";

    /// <summary>Opens the data set from the course's cache of downloads.</summary>
    /// <param name="split">Train, Validation or Test.</param>
    /// <param name="side">The side of the square that training sees.</param>
    /// <param name="protocol">How the set is divided.</param>
    /// <exception cref="CourseException">It was not fetched yet, or a file is damaged or does not belong to the others.</exception>
    public static Flowers102 Open(Split split, int side = 64, FlowersProtocol protocol = FlowersProtocol.ClassDisjoint) =>
        Open(Sources.Find(SourceName), DownloadOptions.FromEnvironment(), split, side, protocol);

    internal static Flowers102 Open(Source source, DownloadOptions options, Split split, int side = 64, FlowersProtocol protocol = FlowersProtocol.ClassDisjoint)
    {
        var folder = Downloads.PathIfCached(source, options: options)
            ?? throw new CourseException($"Flowers-102 is not in the cache {options.Cache}: fetch it with ./course data fetch {source.Name}.");
        return Open(folder, split, side, protocol);
    }

    /// <summary>Opens the folder that holds the downloaded files; archives are unpacked beside themselves the first time.</summary>
    /// <param name="folder">
    /// Holds 102flowers.tgz, imagelabels.mat and setid.mat, and where available cvpr2016_flowers.tar.gz (captions) and
    /// flowers_icml.tar.gz (embeddings).
    /// </param>
    /// <param name="split">Train, Validation or Test.</param>
    /// <param name="side">The side of the square that training sees.</param>
    /// <param name="protocol">How the set is divided.</param>
    /// <exception cref="CourseException">A file is missing, damaged, or does not belong to the others.</exception>
    public static Flowers102 Open(string folder, Split split, int side = 64, FlowersProtocol protocol = FlowersProtocol.ClassDisjoint)
    {
        if (split == Split.HeldOut)
            throw new CourseException("Flowers-102 has no HeldOut split: with the protocol ClassDisjoint, the Test split holds species that training never shows.");
        if (side is < 8 or > 1024) throw new CourseException($"Flowers-102 cannot be cut to {side} pixels a side: side must be 8 to 1024.");
        var files = new FlowersFolder(folder);
        var labels = Numbers(files.Labels, "labels");
        foreach (var label in labels)
            if (label is < 1 or > 102)
                throw new CourseException($"'{files.Labels}' has the label {label}: labels are 1 to 102{(label == 0 ? ", and these begin at 0: add 1 to each, or" : ";")} download it again.");
        var numbers = protocol == FlowersProtocol.Official
            ? Numbers(files.Sets, split switch { Split.Train => "trnid", Split.Validation => "valid", _ => "tstid" })
            : ByClass(Classes(files, split), labels);
        foreach (var number in numbers)
        {
            if (number < 1 || number > labels.Length)
                throw new CourseException($"'{files.Sets}' lists picture {number}, but '{files.Labels}' has labels for 1 to {labels.Length}: download both again.");
            if (!File.Exists(Path.Combine(files.Pictures, $"image_{number:00000}.jpg")))
                throw new CourseException($"'{files.Pictures}' lacks image_{number:00000}.jpg: delete that folder, so that 102flowers.tgz is unpacked again.");
        }
        if (File.Exists(Path.Combine(files.Pictures, $"image_{labels.Length + 1:00000}.jpg")))
            throw new CourseException($"'{files.Labels}' has {labels.Length} labels, and '{files.Pictures}' more pictures: the file is cut short; download it again.");
        var flowers = new Flowers102(files, labels, numbers, split, side);
        flowers.RequireCaptions(files);
        return flowers;
    }

    /// <inheritdoc/>
    public string Name => $"Flowers-102 {Split.ToString().ToLowerInvariant()}";

    /// <summary>Which part of the data set this is.</summary>
    public Split Split { get; }

    /// <inheritdoc/>
    public int Count => numbers.Length;

    /// <inheritdoc/>
    public int Side { get; }

    /// <summary>True: the captions speak of colors and forms, hardly of left and right.</summary>
    public bool MayFlip => true;

    /// <summary>Whether captions are the published ones; otherwise each is "a photograph of a" with the name of the species.</summary>
    public bool HasPublishedCaptions => captionFiles.Count > 0;

    /// <summary>Whether <see cref="Embedding"/> has something to give.</summary>
    public bool HasEmbeddings => embeddingFiles.Count > 0;

    /// <summary>The number in the picture's file name, from 1.</summary>
    public int Number(int index) => numbers[index];

    /// <summary>The species, 1 to 102; <see cref="FlowerSpecies"/> has the names.</summary>
    public int Label(int index) => labels[numbers[index] - 1];

    /// <inheritdoc/>
    public Picture Picture(int index) => pictures[index];

    /// <inheritdoc/>
    public IReadOnlyList<string> Captions(int index) => captions[index] ??= HasPublishedCaptions
        ? CaptionTable.Lines(captionFiles[numbers[index]])
        : [$"a photograph of a {FlowerSpecies.Names[Label(index) - 1]}"];

    /// <summary>The published embedding of one caption: 1024 numbers, from the picture's .t7 file.</summary>
    /// <exception cref="CourseException">The file is missing or not such a file.</exception>
    public float[] Embedding(int index, int caption)
    {
        if (!embeddingFiles.TryGetValue(numbers[index], out var path))
            throw new CourseException($"There are no embeddings for image_{numbers[index]:00000}.jpg: put flowers_icml.tar.gz into the folder.");
        if (TorchFile.Read(path) is not Dictionary<object, object?> table || !table.TryGetValue("txt", out var value)
            || value is not TorchTensor { Shape: [var captions, EmbeddingLength] } embeddings)
            throw new CourseException($"'{path}' holds no tensor 'txt' of captions × {EmbeddingLength}: download it again.");
        if ((uint)caption >= (uint)captions)
            throw new ArgumentOutOfRangeException(nameof(caption), $"'{path}' has embeddings for the captions 0 to {captions - 1}, not {caption}.");
        return [.. embeddings.Values.Skip(caption * EmbeddingLength).Take(EmbeddingLength).Select(number => (float)number)];
    }

    private void RequireCaptions(FlowersFolder files)
    {
        // Captions and embeddings lie in folders of the species: labels in another order are seen there.
        foreach (var (number, path) in captionFiles.Concat(embeddingFiles))
            if (FlowersFolder.ClassOf(path) is { } species && number >= 1 && number <= labels.Length && labels[number - 1] != species)
                throw new CourseException($"'{files.Labels}' gives image_{number:00000} the label {labels[number - 1]}, and '{path}' is of the species {species}: the labels are in another order; download them again.");
        if (!HasPublishedCaptions) return;
        int[] without = [.. numbers.Where(number => !captionFiles.ContainsKey(number))];
        if (without.Length > 0)
            throw new CourseException($"'{files.Captions}' has no captions for {without.Length} picture{(without.Length == 1 ? "" : "s")}, the first is image_{without[0]:00000}: unpack cvpr2016_flowers.tar.gz again.");
    }

    private static int[] Numbers(string path, string name) => MatFile.Read(path).TryGetValue(name, out var array)
        ? [.. array.Values.Select(value => (int)value)]
        : throw new CourseException($"'{path}' holds no numbers named '{name}': it is another file; download it again.");

    private static int[] ByClass(IReadOnlySet<int> classes, int[] labels) =>
        [.. Enumerable.Range(1, labels.Length).Where(number => classes.Contains(labels[number - 1]))];

    // The published lists come with the captions and the embeddings. Without them, a division of the same sizes that never changes.
    private static IReadOnlySet<int> Classes(FlowersFolder files, Split split)
    {
        var name = split switch { Split.Train => "train", Split.Validation => "val", _ => "test" };
        if (files.Classes(name + "classes.txt") is { } published) return published;
        int[] all = [.. Enumerable.Range(1, 102)];
        new SplitMix64(102).Shuffle(all.AsSpan());
        return (split switch { Split.Train => all[..62], Split.Validation => all[62..82], _ => all[82..] }).ToHashSet();
    }
}

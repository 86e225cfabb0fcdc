using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

/// <summary>Flowers-102 opened from a folder of downloads: twelve pictures of four classes in the true formats.</summary>
public sealed class Flowers102Tests
{
    private static readonly string[] Everything =
        ["102flowers.tgz", "imagelabels.mat", "setid.mat", "cvpr2016_flowers.tar.gz", "flowers_icml.tar.gz"];

    [Theory]
    [InlineData(Split.Train, new[] { 1, 4, 7, 10 })]
    [InlineData(Split.Validation, new[] { 2, 5, 8, 11 })]
    [InlineData(Split.Test, new[] { 3, 6, 9, 12 })]
    public void The_official_split_is_that_of_setid(Split split, int[] numbers)
    {
        using var folder = Downloads(Everything);
        var flowers = Flowers102.Open(folder.Path, split, protocol: FlowersProtocol.Official);
        Assert.Equal(numbers, Enumerable.Range(0, flowers.Count).Select(flowers.Number));
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, flowers.Count).Select(flowers.Label));
    }

    [Theory]
    [InlineData(Split.Train, new[] { 1, 3 })]
    [InlineData(Split.Validation, new[] { 4 })]
    [InlineData(Split.Test, new[] { 2 })]
    public void The_class_disjoint_split_follows_the_published_lists(Split split, int[] classes)
    {
        using var folder = Downloads(Everything);
        var flowers = Flowers102.Open(folder.Path, split);
        Assert.Equal(classes, Enumerable.Range(0, flowers.Count).Select(flowers.Label).Distinct());
        Assert.Equal(3 * classes.Length, flowers.Count);
    }

    [Fact]
    public void Without_the_lists_the_classes_are_still_disjoint_and_all_used()
    {
        using var folder = Downloads("102flowers.tgz", "imagelabels.mat", "setid.mat");
        var labels = new List<int>();
        foreach (var split in new[] { Split.Train, Split.Validation, Split.Test })
        {
            var flowers = Flowers102.Open(folder.Path, split);
            labels.AddRange(Enumerable.Range(0, flowers.Count).Select(flowers.Label).Distinct());
        }
        Assert.Equal([1, 2, 3, 4], labels.Order());
    }

    [Theory]
    [InlineData(FlowersProtocol.Official)]
    [InlineData(FlowersProtocol.ClassDisjoint)]
    public void Labels_that_begin_at_zero_are_told(FlowersProtocol protocol)
    {
        var message = Assert.Throws<CourseException>(() => Flowers102.Open(Fixture.PathOf("flowers102/zero-based"), Split.Train, protocol: protocol)).Message;
        Assert.Contains("has the label 0: labels are 1 to 102, and these begin at 0", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Labels_that_are_too_few_or_in_another_order_are_told()
    {
        using var folder = Downloads(Everything);
        var path = folder["imagelabels.mat"];
        var labels = MatFile.Read(path)["labels"].Values.Select(value => (int)value).ToArray();
        Assert.Equal(12, labels.Length);
        File.WriteAllBytes(path, Mat(labels[..11]));
        foreach (var protocol in Enum.GetValues<FlowersProtocol>())
            Assert.Contains("has 11 labels, and", Message(protocol));
        File.WriteAllBytes(path, Mat([.. labels.Reverse()]));
        Assert.Contains("the labels are in another order", Message(FlowersProtocol.Official));

        string Message(FlowersProtocol protocol) => Assert.Throws<CourseException>(() => Flowers102.Open(folder.Path, Split.Train, protocol: protocol)).Message;
    }

    // MATLAB's level 5: a header, and one matrix of bytes without compression.
    private static byte[] Mat(int[] labels)
    {
        static byte[] Element(int type, byte[] data) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(data.Length), .. data, .. new byte[(8 - data.Length % 8) % 8]];
        byte[] matrix =
        [
            .. Element(6, [9, 0, 0, 0, 0, 0, 0, 0]), .. Element(5, [.. BitConverter.GetBytes(1), .. BitConverter.GetBytes(labels.Length)]),
            .. Element(1, "labels"u8.ToArray()), .. Element(2, [.. labels.Select(label => (byte)label)]),
        ];
        return [.. "MATLAB 5.0"u8, .. new byte[114], 0, 1, (byte)'I', (byte)'M', .. Element(14, matrix)];
    }

    [Fact]
    public void Pictures_captions_and_embeddings_belong_together()
    {
        using var folder = Downloads(Everything);
        var flowers = Flowers102.Open(folder.Path, Split.Test, side: 32);
        Assert.True(flowers.HasPublishedCaptions && flowers.HasEmbeddings);
        for (var i = 0; i < flowers.Count; i++)
        {
            var number = flowers.Number(i);
            Assert.Equal(Enumerable.Range(0, 10).Select(c => $"picture {number} caption {c}"), flowers.Captions(i));
            var embedding = flowers.Embedding(i, 7);
            Assert.Equal(1024, embedding.Length);
            Assert.Equal(number + 0.7 + 512 / 4096.0, embedding[512], 1e-5);

            // 150×100 or 100×130 pixels, of which the shorter becomes 38: a fifth more than the side, proportions kept.
            var picture = flowers.Picture(i);
            Assert.Equal(number % 2 == 1 ? (57, 38) : (38, 49), (picture.Width, picture.Height));
            var (r, g, _) = picture[picture.Width - 5, 10];
            Assert.InRange((int)r, 20 * number - 6, 20 * number + 6);
            Assert.InRange((int)g, 255 - 20 * number - 6, 255 - 20 * number + 6);
            Assert.InRange((int)picture[3, 10].R, 10 * number - 6, 10 * number + 6);
        }
    }

    [Fact]
    public void Without_published_captions_the_species_is_named_and_said_to_be()
    {
        using var folder = Downloads("102flowers.tgz", "imagelabels.mat", "setid.mat");
        var flowers = Flowers102.Open(folder.Path, Split.Test, protocol: FlowersProtocol.Official);
        Assert.False(flowers.HasPublishedCaptions || flowers.HasEmbeddings);
        Assert.Equal(["a photograph of a pink primrose"], flowers.Captions(0));
        Assert.Contains("flowers_icml.tar.gz", Assert.Throws<CourseException>(() => flowers.Embedding(0, 0)).Message);
        Assert.Equal(102, FlowerSpecies.Names.Distinct().Count());
    }

    [Fact]
    public void Missing_and_mismatched_files_are_named()
    {
        using var empty = new TemporaryFolder();
        Assert.Contains("neither 102flowers.tgz nor a folder 'jpg'", Error(empty.Path));
        Assert.Contains("does not exist", Error(empty["none"]));
        using var unlabeled = Downloads("102flowers.tgz", "setid.mat");
        Assert.Contains("imagelabels.mat' does not exist", Error(unlabeled.Path));
        using var swapped = Downloads("102flowers.tgz", "setid.mat");
        File.Copy(swapped["setid.mat"], swapped["imagelabels.mat"]);
        Assert.Contains("holds no numbers named 'labels'", Error(swapped.Path));
        using var incomplete = Downloads(Everything);
        Archive.Unpack(incomplete["102flowers.tgz"], incomplete["102flowers"]);
        File.Delete(Path.Combine(incomplete["102flowers"], "jpg", "image_00004.jpg"));
        Assert.Contains("lacks image_00004.jpg", Error(incomplete.Path));
        using var held = Downloads(Everything);
        Assert.Contains("has no HeldOut split", Assert.Throws<CourseException>(() => Flowers102.Open(held.Path, Split.HeldOut)).Message);
    }

    [Fact]
    public void A_picture_without_its_captions_is_named()
    {
        using var folder = Downloads(Everything);
        Archive.Unpack(folder["cvpr2016_flowers.tar.gz"], folder["cvpr2016_flowers"]);
        File.Delete(Directory.GetFiles(folder.Path, "image_00005.txt", SearchOption.AllDirectories).Single());
        var error = Assert.Throws<CourseException>(() => Flowers102.Open(folder.Path, Split.Validation, protocol: FlowersProtocol.Official));
        Assert.Contains("no captions for 1 picture, the first is image_00005", error.Message);
    }

    private static string Error(string folder) =>
        Assert.Throws<CourseException>(() => Flowers102.Open(folder, Split.Train, protocol: FlowersProtocol.Official)).Message;

    private static TemporaryFolder Downloads(params string[] names)
    {
        var folder = new TemporaryFolder();
        foreach (var name in names) File.Copy(Path.Combine(AppContext.BaseDirectory, "Fixtures", "flowers102", name), folder[name]);
        return folder;
    }
}

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

/// <summary>The readers of foreign formats, on files that scipy, h5py and Python's tarfile wrote (Fixtures/make_flowers.py).</summary>
public sealed class FlowerFormatsTests
{
    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "flowers102", name);

    [Fact]
    public void A_compressed_mat_file_of_small_integers_is_read()
    {
        var labels = MatFile.Read(Fixture("imagelabels.mat"))["labels"];
        Assert.Equal([1, 12], labels.Shape);
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4], labels.Values);
        var sets = MatFile.Read(Fixture("setid.mat"));
        Assert.Equal([1, 4, 7, 10], sets["trnid"].Values);
        Assert.Equal([2, 5, 8, 11], sets["valid"].Values);
        Assert.Equal([3, 6, 9, 12], sets["tstid"].Values);
    }

    [Fact]
    public void An_uncompressed_mat_file_gives_its_real_matrices_column_by_column_and_nothing_else()
    {
        var arrays = MatFile.Read(Fixture("mixed.mat"));
        Assert.Equal(["big", "empty", "matrix", "single", "whole"], arrays.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([2, 3], arrays["matrix"].Shape);
        Assert.Equal([1.5, 4, -2.25, 5, 3, 6e300], arrays["matrix"].Values);
        Assert.Equal([-70000, 70000], arrays["whole"].Values);
        Assert.Equal([0.5], arrays["single"].Values);
        Assert.Equal([1099511627776.0], arrays["big"].Values);
        Assert.Equal([0, 3], arrays["empty"].Shape);
        Assert.Empty(arrays["empty"].Values);
    }

    [Fact]
    public void A_torch_file_gives_tables_tensors_and_what_they_share()
    {
        var table = Assert.IsType<Dictionary<object, object?>>(TorchFile.Read(Fixture("mixed.t7")));
        Assert.Equal(2.5, table["number"]);
        Assert.Equal(true, table["yes"]);
        Assert.Null(table["nothing"]);
        var list = Assert.IsType<Dictionary<object, object?>>(table["list"]);
        Assert.Equal("second", list[2.0]);
        // Storage 0…9, from the second element, 3×2 with the strides 1 and 3.
        var view = Assert.IsType<TorchTensor>(table["view"]);
        Assert.Equal([3, 2], view.Shape);
        Assert.Equal([1, 4, 2, 5, 3, 6], view.Values);
        Assert.Same(view, table["again"]);
        Assert.Equal([1, 2, 3, 255], Assert.IsType<TorchTensor>(table["bytes"]).Values);
    }

    [Theory]
    [InlineData("imagelabels.mat")]
    [InlineData("mixed.mat")]
    [InlineData("mixed.t7")]
    public void Wherever_a_file_is_cut_the_error_is_one_line_that_names_it(string name)
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Fixture(name));
        for (var length = 0; length < whole.Length; length += 1 + length / 40)
        {
            // A MAT file that ends after a variable is whole as far as anyone can tell.
            var path = folder.Write("cut" + Path.GetExtension(name), whole[..length]);
            try
            {
                if (name.EndsWith(".mat", StringComparison.Ordinal)) MatFile.Read(path);
                else TorchFile.Read(path);
                Assert.Equal("mixed.mat", name);
            }
            catch (CourseException error)
            {
                Assert.Contains(path, error.Message);
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    [Fact]
    public void Files_of_another_kind_are_refused()
    {
        using var folder = new TemporaryFolder();
        var page = folder.Write("page.mat", Encoding.ASCII.GetBytes("<html>" + new string('x', 400)));
        Assert.Contains("does not begin with 'MATLAB 5.0'", Assert.Throws<CourseException>(() => MatFile.Read(page)).Message);
        var newer = folder.Write("newer.mat", Encoding.ASCII.GetBytes("MATLAB 7.3 MAT-file" + new string(' ', 400)));
        Assert.Contains("version 7.3", Assert.Throws<CourseException>(() => MatFile.Read(newer)).Message);
        Assert.Contains("is not one of nil", Assert.Throws<CourseException>(() => TorchFile.Read(page)).Message);
        Assert.Contains("does not exist", Assert.Throws<CourseException>(() => MatFile.Read(folder["none.mat"])).Message);
        Assert.Contains("does not exist", Assert.Throws<CourseException>(() => TorchFile.Read(folder["none.t7"])).Message);
    }

    [Fact]
    public void An_archive_is_unpacked_whole_and_once()
    {
        using var folder = new TemporaryFolder();
        Archive.Unpack(Fixture("102flowers.tgz"), folder["out"]);
        Assert.Equal(12, Directory.GetFiles(Path.Combine(folder["out"], "jpg")).Length);
        Assert.False(Directory.Exists(folder["out"] + ".part"));
        File.Delete(Path.Combine(folder["out"], "jpg", "image_00001.jpg"));
        Archive.Unpack(Fixture("102flowers.tgz"), folder["out"]);
        Assert.Equal(11, Directory.GetFiles(Path.Combine(folder["out"], "jpg")).Length);
    }

    [Fact]
    public void A_truncated_archive_leaves_nothing_behind()
    {
        var whole = File.ReadAllBytes(Fixture("102flowers.tgz"));
        foreach (var length in new[] { 0, 5, 100, whole.Length / 2, whole.Length - 200 })
        {
            using var folder = new TemporaryFolder();
            var error = Assert.Throws<CourseException>(() => Archive.Unpack(folder.Write("cut.tgz", whole[..length]), folder["out"]));
            Assert.Contains("truncated or damaged", error.Message);
            Assert.Equal(["cut.tgz"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        }
    }

    [Theory]
    [InlineData("../outside.txt")]
    [InlineData("a/../../outside.txt")]
    [InlineData("/tmp/imagegen-outside.txt")]
    public void An_archive_that_points_outside_its_folder_is_refused(string name)
    {
        using var folder = new TemporaryFolder();
        Pack(folder["bad.tgz"], new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1, 2, 3]) });
        var error = Assert.Throws<CourseException>(() => Archive.Unpack(folder["bad.tgz"], folder["out"]));
        Assert.Contains($"names '{name}', a place outside its folder", error.Message);
        Assert.False(File.Exists(folder["outside.txt"]) || File.Exists(name) || Directory.Exists(folder["out"]));
    }

    [Fact]
    public void Links_in_an_archive_are_passed_over()
    {
        using var folder = new TemporaryFolder();
        Pack(folder["links.tgz"], new PaxTarEntry(TarEntryType.SymbolicLink, "link") { LinkName = "/etc" },
            new PaxTarEntry(TarEntryType.RegularFile, "file.txt") { DataStream = new MemoryStream([1]) });
        Archive.Unpack(folder["links.tgz"], folder["out"]);
        Assert.Equal(["file.txt"], Directory.GetFileSystemEntries(folder["out"]).Select(Path.GetFileName));
    }

    private static void Pack(string path, params TarEntry[] entries)
    {
        using var tar = new TarWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest), leaveOpen: false);
        foreach (var entry in entries) tar.WriteEntry(entry);
    }
}
